/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections: counted by all, in total and per source, whoever dies how; and what is counted beside them. */
#include "guard/crowd.h"

#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

static void a_source_has_so_many_connections(void **state)
{
    /* Another source and a local one still get in; the total holds for all. */
    (void)state;
    enum guard_verdict verdicts[6];
    pid_t pids[6];
    limits.connections = 4;
    limits.connections_per_source = 2;
    pids[0] = start_connection("2001:db8::1", &verdicts[0]);
    pids[1] = start_connection("2001:db8::2", &verdicts[1]);
    pids[2] = start_connection("2001:db8::3", &verdicts[2]);
    pids[3] = start_connection("192.0.2.1", &verdicts[3]);
    pids[4] = start_connection(NULL, &verdicts[4]);
    pids[5] = start_connection(NULL, &verdicts[5]);
    static const enum guard_verdict expected[] = {GUARD_ADMITTED, GUARD_ADMITTED, GUARD_CROWDED,
                                                  GUARD_ADMITTED, GUARD_ADMITTED, GUARD_FULL};
    for (int i = 0; i < 6; i++)
        assert_int_equal(verdicts[i], expected[i]);
    struct guard_totals totals = totals_now();
    assert_int_equal(totals.connected, 4);
    assert_int_equal(totals.connected_sources, 2);
    assert_int_equal(totals.counters[GUARD_STARTED], 4);
    assert_int_equal(totals.counters[GUARD_REFUSED_SOURCE], 1);
    assert_int_equal(totals.counters[GUARD_REFUSED_FULL], 1);
    for (int i = 0; i < 6; i++)
        kill_connection(pids[i]);
}

static void fewer_of_a_source_that_have_not_logged_in(void **state)
{
    /* Whoever has logged in makes room for another; the exempt and the local aren't held to it. */
    (void)state;
    enum guard_verdict verdict;
    pid_t pids[2];
    limits.connections_per_source = 4;
    limits.before_login_per_source = 2;
    for (int i = 0; i < 2; i++) {
        pids[i] = start_connection("192.0.2.1", &verdict);
        assert_int_equal(verdict, GUARD_ADMITTED);
    }
    assert_false(is_let_in("192.0.2.1"));
    assert_true(is_let_in("192.0.2.2"));
    guard.file->slots[0].is_new = 0;
    assert_true(is_let_in("192.0.2.1"));
    guard.file->slots[0].is_new = 1;
    assert_int_equal(limits_set(&limits, "penalty-exempt", "192.0.2.1"), ERR_OK);
    assert_true(is_let_in("192.0.2.1"));
    for (int i = 0; i < 2; i++)
        kill_connection(pids[i]);
    uint64_t retry_s;
    limits.before_login_per_source = 1;
    assert_int_equal(enter_from("192.0.2.3", &retry_s), GUARD_ADMITTED);
    guard_log_in(&guard);
    assert_int_equal(guard.file->slots[guard.slot].is_new, 0);
}

static void a_network_of_48_bits_is_as_two_sources(void **state)
{
    /* Of IPv4 there is no such network, and others aren't held to what one has. */
    (void)state;
    static const char *const inside[] = {"2001:db8:7:1::1", "2001:db8:7:2::1", "2001:db8:7:3::1",
                                         "2001:db8:7:4::1"};
    enum guard_verdict verdict;
    pid_t pids[4];
    limits.connections_per_source = 2;
    for (int i = 0; i < 4; i++) {
        pids[i] = start_connection(inside[i], &verdict);
        assert_int_equal(verdict, GUARD_ADMITTED);
    }
    assert_false(is_let_in("2001:db8:7:5::1"));
    assert_true(is_let_in("2001:db8:8:1::1"));
    assert_true(is_let_in("192.0.2.1"));
    limits.connections_per_source = 100;
    assert_true(is_let_in("2001:db8:7:5::1"));
    limits.before_login_per_source = 2;
    assert_false(is_let_in("2001:db8:7:5::1"));
    assert_int_equal(limits_set(&limits, "penalty-exempt", "2001:db8:7::/48"), ERR_OK);
    limits.connections_per_source = 2;
    assert_true(is_let_in("2001:db8:7:5::1"));
    for (int i = 0; i < 4; i++)
        kill_connection(pids[i]);
    static const char *const near[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    limits.connections_per_source = 1;
    for (int i = 0; i < 4; i++) {
        pids[i] = start_connection(near[i], &verdict);
        assert_int_equal(verdict, GUARD_ADMITTED);
    }
    for (int i = 0; i < 4; i++)
        kill_connection(pids[i]);
}

static void a_killed_process_is_gone_at_once(void **state)
{
    /* No time passes, and nothing is left of it. */
    (void)state;
    enum guard_verdict verdict;
    limits.connections = 1;
    for (int i = 0; i < 20; i++) {
        pid_t pid = start_connection("192.0.2.1", &verdict);
        assert_int_equal(verdict, GUARD_ADMITTED);
        assert_int_equal(totals_now().connected, 1);
        assert_false(is_let_in("192.0.2.2"));
        kill_connection(pid);
        assert_int_equal(totals_now().connected, 0);
    }
    assert_true(is_let_in("192.0.2.2"));
}

static void all_who_come_at_once_are_counted(void **state)
{
    /* Of forty at once no more than the limit get in, and one who comes after them does when one leaves. */
    (void)state;
    enum { N = 40, LIMIT = 10 };
    int ends[2], admitted = 0;
    pid_t pids[N];
    struct source_peer peer = peer_at("192.0.2.1");
    limits.connections_per_source = LIMIT;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < N; i++)
        if ((pids[i] = fork()) == 0) {
            uint64_t retry_s;
            struct guard own;
            assert_int_equal(guard_open(&own, ".", &limits), ERR_OK);
            uint8_t verdict = (uint8_t)guard_enter(&own, &peer, now_ms, &retry_s);
            if (write(ends[1], &verdict, 1) == 1)
                for (;;)
                    pause();
            _exit(1);
        }
    for (int i = 0; i < N; i++) {
        uint8_t verdict;
        assert_int_equal(read(ends[0], &verdict, 1), 1);
        admitted += verdict == GUARD_ADMITTED;
    }
    assert_in_range(admitted, 1, LIMIT);
    assert_int_equal(totals_now().connected, admitted);
    for (int i = 0; i < N; i++)
        kill_connection(pids[i]);
    assert_int_equal(totals_now().connected, 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_slot_that_nobody_renews_is_free(void **state)
{
    /* For what the kernel can't free: garbage, and processes of another machine. */
    (void)state;
    limits.connections = 1;
    guard.file->slots[7].owner = 4711;
    guard.file->slots[7].seen = now_ms;
    guard.file->top = 8;
    assert_false(is_let_in("192.0.2.1"));
    now_ms += 600000;
    assert_false(is_let_in("192.0.2.1"));
    now_ms += 1;
    assert_true(is_let_in("192.0.2.1"));
}

static void a_lease_from_the_future_never_begins(void **state)
{
    /* Garbage that would be taken for a connection once its time has come: whoever comes before that forgets it. What
     * may be the truth of another clock is a connection for twenty minutes at most. */
    (void)state;
    limits.connections = 1;
    for (unsigned i = 0; i < 9; i++) {
        guard.file->slots[i].owner = 4711;
        guard.file->slots[i].seen = now_ms + 600000 + 600001 * i;
    }
    guard.file->top = 9;
    assert_true(is_let_in("192.0.2.1"));
    now_ms += 1200001;
    for (unsigned i = 0; i < 9; i++, now_ms += 600001) {
        assert_int_equal(totals_now().connected, 0);
        assert_true(is_let_in("192.0.2.1"));
    }
}

static void a_connection_that_lasts_stays_counted(void **state)
{
    (void)state;
    uint64_t retry_s;
    assert_int_equal(enter_from("192.0.2.1", &retry_s), GUARD_ADMITTED);
    for (int i = 0; i < 100; i++) {
        now_ms += 599000;
        guard_renew(&guard, now_ms);
    }
    assert_int_equal(totals_now().connected, 1);
    guard_leave(&guard);
    assert_int_equal(totals_now().connected, 0);
    assert_int_equal(totals_now().connections.n, 1);
}

static void garbage_frees_itself(void **state)
{
    /* Whatever stands behind the header: nothing crashes, nothing hangs, and after the longest of all times nobody
     * is refused, and all limits hold as before. */
    (void)state;
    unsigned seed = 1;
    limits.connections = 5;
    for (int round = 0; round < 60; round++) {
        uint8_t *bytes = (uint8_t *)guard.file;
        uint64_t retry_s;
        struct guard_pressure pressure;
        for (size_t i = sizeof(struct layout_header); i < sizeof(struct guard_file); i++) {
            seed = seed * 1103515245 + 12345;
            if (round % 3 != 1 || seed >> 28 == 0) /* all of it, some of it, or all ones */
                bytes[i] = round % 3 == 2 ? 0xff : (uint8_t)(seed >> 16);
        }
        (void)is_let_in("192.0.2.1");
        (void)is_let_in("203.0.113.1"); /* who has no penalty, and looks at the others */
        (void)totals_now();
        guard_pressure(&guard, now_ms, &pressure);
        guard_clear(&guard, peer_at("192.0.2.1").source, now_ms);
        now_ms += 3600 * 1000 + 2000;
        assert_true(is_let_in("192.0.2.1") && is_let_in("2001:db8::1"));
        assert_int_equal(totals_now().connected, 0);
        assert_int_equal(totals_now().penalised, 0);
        assert_int_equal(enter_from("192.0.2.1", &retry_s), GUARD_ADMITTED);
        assert_true(guard_take_registration(&guard, now_ms, &retry_s));
        for (int i = 0; i < 3; i++)
            guard_penalise(&guard, GUARD_FAILED_LOGIN, now_ms);
        assert_false(is_let_in("192.0.2.1"));
    }
}

static void what_is_counted_is_seen_by_all(void **state)
{
    (void)state;
    struct guard other;
    guard_count(&guard, GUARD_MESSAGES, 3);
    guard_count_answer(&guard, 7);
    guard_count_command(&guard, 2, 100);
    guard_count_command(&guard, 2, 101);
    guard_count_command(&guard, 2, UINT32_MAX);
    guard_count_answer(&guard, GUARD_CODES);
    guard_count_command(&guard, GUARD_VERBS, 1);
    assert_int_equal(guard_look(&other, "."), ERR_OK);
    struct guard_totals totals;
    assert_int_equal(guard_total(&other, now_ms, &totals), ERR_OK);
    guard_close(&other);
    assert_true(totals.is_shared && totals.since > 0);
    assert_int_equal(totals.counters[GUARD_MESSAGES], 3);
    assert_int_equal(totals.answers[7], 1);
    assert_int_equal(totals.commands[2].n, 3);
    assert_true(totals.commands[2].sum_us == 201 + (uint64_t)UINT32_MAX);
    assert_true(totals.commands[2].buckets[0] == 1 && totals.commands[2].buckets[1] == 1 &&
                totals.commands[2].buckets[GUARD_BUCKETS - 1] == 1);
}

static void every_offence_has_a_name_and_bounds_grow(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GUARD_OFFENCES; i++)
        assert_non_null(guard_offence_name(i));
    for (unsigned i = 1; i < GUARD_BUCKETS; i++)
        assert_true(guard_command_bounds[i] > guard_command_bounds[i - 1] &&
                    guard_connection_bounds[i] > guard_connection_bounds[i - 1]);
}

static void pressure_is_asked_once_a_second(void **state)
{
    (void)state;
    struct guard_pressure pressure;
    uint64_t retry_s;
    assert_int_equal(enter_from("192.0.2.1", &retry_s), GUARD_ADMITTED);
    guard_pressure(&guard, now_ms, &pressure);
    assert_int_equal(pressure.connected, 1);
    guard.file->pressure.load = 12345;
    guard_pressure(&guard, now_ms + 1000, &pressure);
    assert_int_equal(pressure.load, 12345);
    guard_pressure(&guard, now_ms + 1001, &pressure);
    assert_int_not_equal(pressure.load, 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(a_source_has_so_many_connections),
        GUARD_TEST(fewer_of_a_source_that_have_not_logged_in),
        GUARD_TEST(a_network_of_48_bits_is_as_two_sources),
        GUARD_TEST(a_killed_process_is_gone_at_once),
        GUARD_TEST(all_who_come_at_once_are_counted),
        GUARD_TEST(a_slot_that_nobody_renews_is_free),
        GUARD_TEST(a_lease_from_the_future_never_begins),
        GUARD_TEST(a_connection_that_lasts_stays_counted),
        GUARD_TEST(garbage_frees_itself),
        GUARD_TEST(what_is_counted_is_seen_by_all),
        GUARD_TEST(every_offence_has_a_name_and_bounds_grow),
        GUARD_TEST(pressure_is_asked_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
