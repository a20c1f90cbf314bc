/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Penalties add up, act from a minimum on, decay, are capped, and fall on nobody else; the brake on registrations. */
#include "guard/penalty.h"

#include "guard/table.h"
#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

#define BAD  "192.0.2.1"
#define GOOD "192.0.2.2"

static void penalties_act_from_the_minimum_on(void **state)
{
    /* 5 s each, 15 s at least: the third failed login is one too many, for that source alone. */
    (void)state;
    uint64_t retry_s = 0;
    offend(BAD, GUARD_FAILED_LOGIN, 2);
    assert_true(is_let_in(BAD));
    offend(BAD, GUARD_FAILED_LOGIN, 1);
    assert_int_equal(enter_from(BAD, &retry_s), GUARD_PENALISED);
    assert_int_equal(retry_s, 15);
    assert_true(is_let_in(GOOD));
    struct guard_totals totals = totals_now();
    assert_int_equal(totals.counters[GUARD_REFUSED_PENALTY], 1);
    assert_int_equal(totals.penalties[GUARD_FAILED_LOGIN], 3);
    assert_int_equal(totals.penalised, 1);
}

static void a_penalty_decays_by_a_second_each_second(void **state)
{
    /* Once it acts, it does so to its end, below the minimum too; a try meanwhile makes it no longer. */
    (void)state;
    uint64_t retry_s = 0;
    offend(BAD, GUARD_JUNK, 2);
    now_ms += 19000;
    assert_int_equal(enter_from(BAD, &retry_s), GUARD_PENALISED);
    assert_int_equal(retry_s, 1);
    now_ms += 1000;
    assert_true(is_let_in(BAD));
    offend(BAD, GUARD_JUNK, 1);
    assert_true(is_let_in(BAD));
}

static void slow_mistakes_never_add_up(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        offend(BAD, GUARD_FAILED_LOGIN, 1);
        now_ms += 5000;
    }
    assert_true(is_let_in(BAD));
}

static void a_penalty_is_capped(void **state)
{
    (void)state;
    uint64_t retry_s = 0;
    offend(BAD, GUARD_GRACE, 1000);
    assert_int_equal(enter_from(BAD, &retry_s), GUARD_PENALISED);
    assert_int_equal(retry_s, 600);
    now_ms += 600000;
    assert_true(is_let_in(BAD));
}

static void a_penalty_beyond_the_cap_does_not_come_back(void **state)
{
    /* The operator has lowered the cap, or it is garbage: who was let in once isn't refused when the end is near. */
    (void)state;
    limits.penalty_max = 86400;
    offend(BAD, GUARD_JUNK, 9000);
    assert_false(is_let_in(BAD));
    limits.penalty_max = 600;
    assert_true(is_let_in(BAD));
    now_ms += (86400 - 300) * 1000;
    assert_int_equal(totals_now().penalised, 0);
    assert_true(is_let_in(BAD));
}

static void the_exempt_and_the_local_are_never_penalised(void **state)
{
    (void)state;
    uint64_t retry_s;
    assert_int_equal(limits_set(&limits, "penalty-exempt", "192.0.2.0/24 2001:db8::/32"), ERR_OK);
    offend(BAD, GUARD_JUNK, 100);
    offend("2001:db8::1", GUARD_JUNK, 100);
    assert_true(is_let_in(BAD) && is_let_in("2001:db8::1"));
    assert_int_equal(guard_enter(&guard, &local, now_ms, &retry_s), GUARD_ADMITTED);
    for (int i = 0; i < 100; i++)
        guard_penalise(&guard, GUARD_JUNK, now_ms);
    guard_leave(&guard);
    assert_int_equal(guard_enter(&guard, &local, now_ms, &retry_s), GUARD_ADMITTED);
    assert_int_equal(totals_now().penalties[GUARD_JUNK], 0);
}

static void a_64_is_penalised_as_one(void **state)
{
    (void)state;
    offend("2001:db8::1", GUARD_JUNK, 1);
    offend("2001:db8::2", GUARD_JUNK, 1);
    assert_false(is_let_in("2001:db8::3"));
    assert_true(is_let_in("2001:db8:0:1::3"));
}

static void nothing_is_penalised_where_that_is_set(void **state)
{
    /* By its own number, or for all by the cap. */
    (void)state;
    limits.penalty[GUARD_JUNK] = 0;
    offend(BAD, GUARD_JUNK, 1000);
    assert_true(is_let_in(BAD));
    limits.penalty_max = 0;
    offend(BAD, GUARD_GRACE, 1000);
    assert_true(is_let_in(BAD));
    assert_int_equal(totals_now().penalties[GUARD_JUNK], 0);
}

struct seen {
    unsigned n;
    struct guard_sight last;
};

static enum err see(void *context, const struct guard_sight *sight)
{
    struct seen *seen = context;
    seen->n++;
    seen->last = *sight;
    return ERR_OK;
}

static void penalties_are_shown_and_cleared(void **state)
{
    (void)state;
    struct seen seen = {0};
    offend(BAD, GUARD_FAILED_LOGIN, 4);
    offend(GOOD, GUARD_JUNK, 1);
    now_ms += 10000;
    assert_int_equal(guard_visit(&guard, now_ms, see, &seen), ERR_OK);
    assert_int_equal(seen.n, 1);
    assert_true(seen.last.source == peer_at(BAD).source && seen.last.is_refused);
    assert_int_equal(seen.last.penalty_ms, 10000);
    assert_int_equal(seen.last.given[GUARD_FAILED_LOGIN], 4);
    assert_true(guard_clear(&guard, peer_at(BAD).source, now_ms));
    assert_false(guard_clear(&guard, peer_at(BAD).source, now_ms));
    assert_false(guard_clear(&guard, SOURCE_LOCAL, now_ms));
    assert_true(is_let_in(BAD));
}

static void offend_from_all(unsigned from, unsigned to, unsigned n)
{
    char text[64];
    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
        uint64_t retry_s;
        if (enter_from(text, &retry_s) == GUARD_ADMITTED)
            for (unsigned k = 0; k < n; k++)
                guard_penalise(&guard, GUARD_JUNK, now_ms);
    }
    guard_leave(&guard);
}

static void a_crowd_of_sources_displaces_no_worse_one(void **state)
{
    /* Nor any IPv4 address, nor does it lock anybody out; what was lost is counted, and time makes room again. */
    (void)state;
    offend("2001:db9::1", GUARD_JUNK, 10);
    offend(BAD, GUARD_JUNK, 2);
    offend_from_all(0, 60000, 2);
    assert_false(is_let_in("2001:db9::1"));
    assert_false(is_let_in(BAD));
    assert_true(is_let_in("2001:dba::1") && is_let_in(GOOD));
    struct guard_totals totals = totals_now();
    assert_in_range(totals.penalised, LAYOUT_SOURCES / 2, LAYOUT_SOURCES + 1);
    assert_true(totals.counters[GUARD_PENALTIES_LOST] > 10000);
    now_ms += 20000;
    offend("2001:dba::1", GUARD_JUNK, 2);
    assert_false(is_let_in("2001:dba::1"));
}

static unsigned register_all(const char *text, unsigned n, uint64_t *retry_s)
{
    unsigned done = 0;
    uint64_t unused;
    assert_int_equal(enter_from(text, &unused), GUARD_ADMITTED);
    for (unsigned i = 0; i < n; i++)
        done += guard_take_registration(&guard, now_ms, retry_s);
    guard_leave(&guard);
    return done;
}

static void registrations_are_braked_by_source_and_in_total(void **state)
{
    /* Buckets of an hour's worth, refilled evenly; a refused one costs nothing. */
    (void)state;
    uint64_t retry_s = 0;
    limits.registrations = 10;
    limits.registrations_per_source = 6;
    assert_int_equal(register_all(BAD, 100, &retry_s), 6);
    assert_int_equal(retry_s, 600);
    assert_int_equal(register_all(GOOD, 100, &retry_s), 4);
    assert_int_equal(retry_s, 360);
    assert_int_equal(totals_now().counters[GUARD_REGISTRATIONS_BRAKED], 94 + 96);
    now_ms += 359000;
    assert_int_equal(register_all(GOOD, 1, &retry_s), 0);
    now_ms += 1000;
    assert_int_equal(register_all(GOOD, 2, &retry_s), 1);
    now_ms += 2 * 3600 * 1000;
    assert_int_equal(register_all(BAD, 100, &retry_s), 6);
}

static void what_made_no_account_is_had_by_others(void **state)
{
    /* But not by the source that had it. */
    (void)state;
    uint64_t retry_s;
    limits.registrations = 3;
    limits.registrations_per_source = 2;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(register_all(BAD, 1, &retry_s), 1);
        guard_return_registration(&guard);
    }
    assert_int_equal(register_all(BAD, 1, &retry_s), 0);
    limits.registrations_per_source = 3;
    assert_int_equal(register_all(GOOD, 100, &retry_s), 3);
}

static void the_local_and_the_exempt_register_more_freely(void **state)
{
    (void)state;
    uint64_t retry_s;
    limits.registrations = 10;
    limits.registrations_per_source = 1;
    assert_int_equal(limits_set(&limits, "penalty-exempt", BAD), ERR_OK);
    assert_int_equal(register_all(BAD, 100, &retry_s), 10);
    guard_return_registration(&guard);
    assert_int_equal(register_all(BAD, 1, &retry_s), 0);
    assert_int_equal(guard_enter(&guard, &local, now_ms, &retry_s), GUARD_ADMITTED);
    for (int i = 0; i < 100; i++)
        assert_true(guard_take_registration(&guard, now_ms, &retry_s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(penalties_act_from_the_minimum_on),
        GUARD_TEST(a_penalty_decays_by_a_second_each_second),
        GUARD_TEST(slow_mistakes_never_add_up),
        GUARD_TEST(a_penalty_is_capped),
        GUARD_TEST(a_penalty_beyond_the_cap_does_not_come_back),
        GUARD_TEST(the_exempt_and_the_local_are_never_penalised),
        GUARD_TEST(a_64_is_penalised_as_one),
        GUARD_TEST(nothing_is_penalised_where_that_is_set),
        GUARD_TEST(penalties_are_shown_and_cleared),
        GUARD_TEST(a_crowd_of_sources_displaces_no_worse_one),
        GUARD_TEST(registrations_are_braked_by_source_and_in_total),
        GUARD_TEST(what_made_no_account_is_had_by_others),
        GUARD_TEST(the_local_and_the_exempt_register_more_freely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
