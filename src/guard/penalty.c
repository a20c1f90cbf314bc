/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One word a source, changed by compare and exchange. */
#include "guard/penalty.h"

#include "guard/table.h"

#include "base/banned.h"

/* Between two processes that have asked for the time, the later may write first. */
#define SLACK_MS UINT64_C(1000)

/* One that stood still in between may be so far behind, and what it takes for garbage is the truth. */
#define BEHIND_MS UINT64_C(60000)

static uint64_t left_of(uint64_t word, const struct guard_limits *limits, uint64_t now_ms)
{
    uint64_t until = word / 2;
    if (until <= now_ms || until - now_ms > limits->penalty_max * 1000 + SLACK_MS)
        return 0;
    return until - now_ms;
}

uint64_t penalty_left(const layout_word *penalty, const struct guard_limits *limits,
                      uint64_t now_ms)
{
    return left_of(atomic_load_explicit(penalty, memory_order_relaxed), limits, now_ms);
}

bool penalty_refuses(const struct guard *guard, const struct layout_source *place, uint64_t now_ms,
                     uint64_t *left_ms)
{
    uint64_t word = atomic_load_explicit(&place->penalty, memory_order_relaxed);
    *left_ms = left_of(word, guard->limits, now_ms);
    return *left_ms > 0 && word % 2 == 1;
}

void penalty_forget_garbage(const struct guard *guard, struct layout_source *place, uint64_t now_ms)
{
    uint64_t word = atomic_load_explicit(&place->penalty, memory_order_relaxed);
    uint64_t most = guard->limits->penalty_max * 1000 + BEHIND_MS;
    if (word / 2 > now_ms && word / 2 - now_ms > most)
        atomic_compare_exchange_strong(&place->penalty, &word, 0);
}

/* Whether nothing was left of what it was before. */
static bool add(layout_word *penalty, uint64_t add_ms, const struct guard_limits *limits,
                uint64_t now_ms)
{
    uint64_t word = atomic_load(penalty), left, changed;
    do {
        left = left_of(word, limits, now_ms);
        uint64_t sum = left + add_ms, most = limits->penalty_max * 1000;
        sum = sum > most ? most : sum;
        bool acts = (left > 0 && word % 2 == 1) || sum >= limits->penalty_min * 1000;
        changed = (now_ms + sum) * 2 + acts;
    } while (!atomic_compare_exchange_weak(penalty, &word, changed));
    return left == 0;
}

void guard_penalise(struct guard *guard, enum guard_offence offence, uint64_t now_ms)
{
    uint64_t add_ms = guard->limits->penalty[offence] * 1000;
    if (guard->source == SOURCE_LOCAL || guard->is_exempt || add_ms == 0 ||
        guard->limits->penalty_max == 0)
        return;
    atomic_fetch_add(&guard->file->counts.penalties[offence], 1);
    struct layout_source *place = table_claim(guard, guard->source, add_ms, now_ms);
    if (!place) {
        guard_count(guard, GUARD_PENALTIES_LOST, 1);
        return;
    }
    if (add(&place->penalty, add_ms, guard->limits, now_ms))
        for (unsigned i = 0; i < GUARD_OFFENCES; i++)
            atomic_store(&place->given[i], 0);
    atomic_fetch_add(&place->given[offence], 1);
}

bool guard_clear(struct guard *guard, uint64_t source, uint64_t now_ms)
{
    struct layout_source *place = source == SOURCE_LOCAL ? NULL : table_find(guard, source);
    if (!place)
        return false;
    return left_of(atomic_exchange(&place->penalty, 0), guard->limits, now_ms) > 0;
}
