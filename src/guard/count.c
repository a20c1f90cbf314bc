/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters: one relaxed addition each: nobody draws conclusions from one about another. */
#include "guard/layout.h"

#include "base/banned.h"

const uint64_t guard_command_bounds[GUARD_BUCKETS] = {100,   316,    1000,    3160,     10000,
                                                      31600, 100000, 1000000, 10000000, UINT64_MAX};

const uint64_t guard_connection_bounds[GUARD_BUCKETS] = {10000,      100000,     1000000,
                                                         10000000,   60000000,   600000000,
                                                         1800000000, 3600000000, 21600000000,
                                                         UINT64_MAX};

static const char *const offences[GUARD_OFFENCES] = {
    [GUARD_FAILED_LOGIN] = "login",
    [GUARD_JUNK] = "junk",
    [GUARD_GRACE] = "grace",
};

const char *guard_offence_name(enum guard_offence offence)
{
    return offences[offence];
}

static void add(layout_word *word, uint64_t n)
{
    atomic_fetch_add_explicit(word, n, memory_order_relaxed);
}

static void add_time(struct layout_times *times, const uint64_t bounds[static GUARD_BUCKETS],
                     uint64_t us)
{
    unsigned i = 0;
    while (us > bounds[i])
        i++;
    add(&times->n, 1);
    add(&times->sum_us, us);
    add(&times->buckets[i], 1);
}

void guard_count(struct guard *guard, enum guard_counter counter, uint64_t n)
{
    add(&guard->file->counts.counters[counter], n);
}

void guard_count_answer(struct guard *guard, unsigned code)
{
    if (code < GUARD_CODES)
        add(&guard->file->counts.answers[code], 1);
}

void guard_count_command(struct guard *guard, unsigned verb, uint64_t us)
{
    if (verb < GUARD_VERBS)
        add_time(&guard->file->counts.commands[verb], guard_command_bounds, us);
}

void guard_count_connection(struct guard *guard, uint64_t us)
{
    add_time(&guard->file->counts.connections, guard_connection_bounds, us);
}
