/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: ages are compared only with ages of the same shard, so all that counts is that none grows faster
 * than time. That some of it passes unseen changes nothing for what comes after. */
#include "store/gdbm/age.h"

#include "base/clock.h"

#include "base/banned.h"

uint64_t age_now(const struct marker *marker)
{
    uint64_t running = clock_running();
    uint64_t age = marker->base_age;
    if (running > marker->base_running)
        age += running - marker->base_running;
    return age > marker->last_age ? age : marker->last_age;
}

static uint64_t passed_since(uint64_t time)
{
    uint64_t now = clock_wall();
    uint64_t most = clock_running() + AGE_DAY;
    if (now <= time)
        return 0;
    return now - time < most ? now - time : most;
}

void age_begin(struct marker *marker, const struct marker *before)
{
    marker->base_running = before != NULL ? before->base_running : clock_running();
    if (before != NULL)
        marker->base_age = before->base_age;
    else if (marker->last_age == 0)
        marker->base_age = 1;
    else
        marker->base_age = marker->last_age + passed_since(marker->last_time);
}

bool age_is_unnoted(const struct marker *marker)
{
    return age_is_over(marker->last_age, 1, age_now(marker));
}

bool age_is_over(uint64_t age, uint64_t days, uint64_t now)
{
    return now >= age && (now - age) / AGE_DAY >= days;
}
