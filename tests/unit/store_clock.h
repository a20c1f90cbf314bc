/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_clock.h: a machine whose clocks the test sets. Included by one file of a program: its functions stand
 * in for base/clock.c, which the linker leaves in its archive. */
#ifndef SECMSG_TESTS_UNIT_STORE_CLOCK_H
#define SECMSG_TESTS_UNIT_STORE_CLOCK_H

#include <time.h>

#include "base/clock.h"
#include "store/gdbm/compact.h"
#include "tests/unit/store_files.h"

#define DAY UINT64_C(86400)

static uint64_t wall = 1800000000;
static uint64_t running = 100;

uint64_t clock_wall(void)
{
    return wall;
}

uint64_t clock_running(void)
{
    return running;
}

uint64_t clock_monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int clock_poll_timeout(uint64_t deadline_ms)
{
    (void)deadline_ms;
    return 0;
}

static void pass_time(uint64_t seconds)
{
    wall += seconds;
    running += seconds;
}

/* Days go by, with a message each, as in a shard that is in use. */
static FIXTURE_UNUSED void pass_days(struct store *s, const struct store_login *login,
                                     unsigned days)
{
    static unsigned filler = 100000;
    for (unsigned i = 0; i < days; i++) {
        pass_time(DAY);
        filler++;
        assert_int_equal(fixture_put_n(s, login->user, filler), ERR_OK);
        assert_int_equal(fixture_ack(s, login, filler), ERR_OK);
    }
}

/* The machine is off for so long, and started again: another boot id, and it has been running for a minute. */
static FIXTURE_UNUSED void reboot(struct fixture *f, uint64_t seconds_off)
{
    static uint8_t boots;
    boots++;
    store_close(f->s);
    store_close(f->s2);
    f->s = fixture_open(f);
    f->s2 = fixture_open(f);
    keeper_of(f->s)->directory.boot[0] ^= boots;
    keeper_of(f->s2)->directory.boot[0] ^= boots;
    wall += seconds_off;
    running = 60;
}

/* Compacts bob's shard as at a session's end, whether that is due or not: how many messages expired. */
static FIXTURE_UNUSED uint64_t compact(struct store *s, uint64_t retention_days)
{
    const struct compact_order order = {.is_forced = true, .retention_days = retention_days};
    struct compact_outcome outcome;
    struct gdbm_store *k = keeper_of(s);
    unsigned shard = keys_shard(&k->keys, "bob", k->directory.shard_count);
    assert_int_equal(compact_shard(k, shard, &order, &outcome), ERR_OK);
    return outcome.expired;
}

static FIXTURE_UNUSED uint64_t generation(struct store *s)
{
    return shard_last(s, "bob")->marker.generation;
}

#endif
