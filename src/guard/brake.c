/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In microseconds, so that a thousand an hour are evenly spread too. */
#include "guard/brake.h"

#include "guard/table.h"

#include "base/banned.h"

#define HOUR_US  UINT64_C(3600000000)
#define SLACK_US UINT64_C(1000000)

static uint64_t left_of(uint64_t full, uint64_t now_us)
{
    return full <= now_us || full - now_us > HOUR_US + SLACK_US ? 0 : full - now_us;
}

uint64_t brake_left(const layout_word *registered, uint64_t now_ms)
{
    return left_of(atomic_load_explicit(registered, memory_order_relaxed), now_ms * 1000) / 1000;
}

/* Takes one of `rate`. Returns 0, or in how many us there will be one. */
static uint64_t take(layout_word *registered, uint64_t rate, uint64_t now_us)
{
    uint64_t word = atomic_load(registered), each = HOUR_US / rate, left;
    do {
        left = left_of(word, now_us) + each;
        if (left > HOUR_US)
            return left - HOUR_US;
    } while (!atomic_compare_exchange_weak(registered, &word, now_us + left));
    return 0;
}

static void give_back(layout_word *registered, uint64_t rate)
{
    atomic_fetch_sub(registered, HOUR_US / rate);
}

/* A source gets a place in the table only with a registration that there is in total: so few can be had in an hour
 * that nobody is displaced by them. */
static uint64_t take_of_source(struct guard *guard, uint64_t now_ms)
{
    uint64_t rate = guard->limits->registrations_per_source;
    struct layout_source *place = table_claim(guard, guard->source, HOUR_US / rate / 1000, now_ms);
    return place ? take(&place->registered, rate, now_ms * 1000) : 0;
}

bool guard_take_registration(struct guard *guard, uint64_t now_ms, uint64_t *retry_s)
{
    uint64_t rate = guard->limits->registrations;
    if (guard->source == SOURCE_LOCAL)
        return true;
    uint64_t wait_us = take(&guard->file->registered, rate, now_ms * 1000);
    if (wait_us == 0 && !guard->is_exempt) {
        wait_us = take_of_source(guard, now_ms);
        if (wait_us > 0)
            give_back(&guard->file->registered, rate);
    }
    *retry_s = (wait_us + 999999) / 1000000;
    if (wait_us > 0)
        guard_count(guard, GUARD_REGISTRATIONS_BRAKED, 1);
    return wait_us == 0;
}

void guard_return_registration(struct guard *guard)
{
    if (guard->source != SOURCE_LOCAL && !guard->is_exempt)
        give_back(&guard->file->registered, guard->limits->registrations);
}
