/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the store makes of time, with a clock that the test sets. */
#include "base/clock.h"

#include <time.h>

#include "tests/unit/store_files.h"

#include "base/banned.h"

#define DAY UINT64_C(86400)

/* These stand in for base/clock.c: the linker takes them, and leaves that file in its archive. */
static uint64_t wall = 1800000000;

uint64_t clock_wall(void)
{
    return wall;
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

/* Days go by, with a message each, as in a shard that is in use. */
static void pass_days(struct store *s, const struct store_login *login, unsigned days)
{
    static unsigned filler = 100000;
    for (unsigned i = 0; i < days; i++) {
        wall += DAY;
        filler++;
        assert_int_equal(fixture_put_n(s, login->user, filler), ERR_OK);
        assert_int_equal(fixture_ack(s, login, filler), ERR_OK);
    }
}

static void a_read_id_is_remembered_for_30_days(void **state)
{
    /* On the 29th day a duplicate, on the 31st a new message, also from somebody else. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    pass_days(f->s, &bob, 29);
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_DUPLICATE);
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "other"), ERR_EXISTS);
    pass_days(f->s, &bob, 2);
    assert_int_equal(fixture_put(f->s2, "carol", "bob", 1, "other"), ERR_OK);
    assert_int_equal(fixture_put(f->s, "carol", "bob", 1, "other"), ERR_DUPLICATE);
    assert_int_equal(fixture_unread(f->s, &bob), 1);
}

static void a_waiting_id_is_remembered_as_long_as_it_waits(void **state)
{
    /* After 40 days it is a duplicate still; acknowledged then, it is forgotten at once. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_login carol = fixture_register(f->s, "carol");
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_OK);
    pass_days(f->s, &bob, 40);
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_DUPLICATE);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_OK);
    assert_int_equal(fixture_unread(f->s, &carol), 0);
}

static void the_counts_hold_when_ids_are_forgotten(void **state)
{
    /* What a forgotten id took of the mailbox and of the sender's share is given back, also in a rebuild. */
    struct fixture *f = *state;
    const struct store_quota quota = {.messages = 100, .bytes = 10000, .per_sender_percent = 100};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    struct store_share share;
    char body[9000];
    memset(body, 'x', sizeof(body));
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
        if (i < 5)
            assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    }
    pass_days(f->s, &bob, 31);
    for (unsigned i = 5; i < 10; i++)
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
    struct fixture_id id = fixture_id(77);
    struct store_put put = {.recipient = "bob",
                            .sender = "alice",
                            .id = id.text,
                            .body = span_of(body, 9000)};
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_put(s, &put, &share), ERR_FULL);
        assert_int_equal(share.used, UINT64_C(5) * STORE_ID_BYTES);
        files_remove(f, "index.gdbm");
    }
    store_close(s);
}

static void a_clock_far_ahead_forgets_nothing(void **state)
{
    /* One look at the store in 2038, and every id is still known. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    uint64_t before = wall;
    struct timespec running;
    clock_gettime(CLOCK_BOOTTIME, &running);
    if ((uint64_t)running.tv_sec < 28 * DAY) {
        wall += 4000 * DAY;
        assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_DUPLICATE);
    }
    wall = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_read_id_is_remembered_for_30_days),
        FIXTURE_TEST(a_waiting_id_is_remembered_as_long_as_it_waits),
        FIXTURE_TEST(the_counts_hold_when_ids_are_forgotten),
        FIXTURE_TEST(a_clock_far_ahead_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
