/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rule 12: clocks that jump, boots with a wrong one, and long times without any. */
#include "store/gdbm/age.h"

#include "store/gdbm/apply.h"
#include "store/gdbm/commit.h"
#include "tests/unit/store_clock.h"

#include "base/banned.h"

#define YEAR (365 * DAY)

static void put_and_read(struct store *s, const struct store_login *login, unsigned n)
{
    assert_int_equal(fixture_put_n(s, login->user, n), ERR_OK);
    assert_int_equal(fixture_ack(s, login, n), ERR_OK);
}

/* That ids are forgotten 30 days after now, and not before. */
static void expect_30_days_from_now(struct store *s, const struct store_login *login, unsigned n)
{
    put_and_read(s, login, n);
    pass_time(30 * DAY - 1);
    assert_int_equal(fixture_put_n(s, login->user, n), ERR_DUPLICATE);
    pass_time(1);
    assert_int_equal(fixture_put_n(s, login->user, n), ERR_OK);
    assert_int_equal(fixture_ack(s, login, n), ERR_OK);
}

static void a_jump_to_2038_forgets_nothing(void **state)
{
    /* Again and again, with messages put and read on both sides, and compactions; nor is anything stored twice. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= 40; i++) {
        wall += 12 * YEAR;
        put_and_read(f->s, &bob, 2 * i);
        compact(f->s, 0);
        wall -= 12 * YEAR;
        put_and_read(f->s2, &bob, 2 * i + 1);
    }
    for (unsigned i = 2; i <= 81; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_DUPLICATE);
    expect_30_days_from_now(f->s, &bob, 100);
}

static void an_acknowledgement_in_2038_forgets_nothing(void **state)
{
    /* What was put today and is read twelve years on by the clock is a duplicate then and after. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    wall += 12 * YEAR;
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
    wall -= 12 * YEAR;
    files_remove(f, "index.gdbm");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
}

static void a_boot_in_2038_empties_nothing(void **state)
{
    /* With messages stored then, and compactions; and back in the present all is as before. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    put_and_read(f->s, &bob, 10);
    reboot(f, 12 * YEAR);
    for (unsigned i = 2; i < 6; i++) {
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
        assert_int_equal(compact(f->s, 10), 0);
        files_remove(f, "index.gdbm");
        assert_int_equal(fixture_unread(f->s2, &bob), i);
    }
    wall -= 12 * YEAR;
    assert_int_equal(compact(f->s, 10), 0);
    reboot(f, 100);
    assert_int_equal(compact(f->s, 10), 0);
    assert_int_equal(fixture_unread(f->s, &bob), 5);
    assert_int_equal(fixture_put_n(f->s, "bob", 10), ERR_DUPLICATE);
    expect_30_days_from_now(f->s, &bob, 11);
}

static void a_boot_with_a_wrong_clock_costs_a_day(void **state)
{
    /* Of retention, of memory, and no more, whatever the clock says and however often it is changed. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    for (unsigned i = 0; i < 10; i++) {
        reboot(f, 12 * YEAR);
        put_and_read(f->s, &bob, 100 + i);
        wall -= 12 * YEAR;
        put_and_read(f->s, &bob, 200 + i);
    }
    pass_time(20 * DAY - 10 * 60 - 1);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
    pass_time(1);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
}

static void a_shard_made_with_a_wrong_clock_goes_on(void **state)
{
    /* Born in 2038 or in 1970 by the clock, which is then set: ids live 30 days all the same, and reboots pass. */
    struct fixture *f = *state;
    const uint64_t now = wall;
    wall = now + 12 * YEAR;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    wall = now;
    expect_30_days_from_now(f->s, &bob, 2);
    reboot(f, 3600);
    expect_30_days_from_now(f->s, &bob, 3);
    wall = 60;
    struct store_login carol = fixture_register(f->s, "carol");
    put_and_read(f->s, &carol, 1);
    wall = now + YEAR;
    assert_int_equal(fixture_put_n(f->s, "carol", 1), ERR_DUPLICATE);
    expect_30_days_from_now(f->s, &carol, 2);
    reboot(f, 3600);
    expect_30_days_from_now(f->s, &carol, 3);
}

static void a_machine_without_a_clock_forgets_at_last(void **state)
{
    /* Each boot begins in 1970 and learns the time minutes later: what it has been running for counts. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    const uint64_t start = wall;
    for (unsigned day = 1; day <= 30; day++) {
        assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
        reboot(f, 0);
        wall = 60;
        put_and_read(f->s, &bob, 1000 + day);
        running += 120;
        wall = start + day * DAY;
        put_and_read(f->s, &bob, 2000 + day);
        pass_time(DAY - 120);
        put_and_read(f->s, &bob, 3000 + day);
    }
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
}

static void time_off_counts_up_to_a_day(void **state)
{
    /* An hour off is an hour; three months are a day, so nothing goes too early, and the rest goes on as ever. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    for (unsigned i = 0; i < 240;
         i++) { /* 20 days, by half hours of running and one and a half of sleep */
        reboot(f, 5400);
        running += 1800 - 60;
        wall += 1800;
        put_and_read(f->s, &bob, 10 + i);
    }
    reboot(f, 90 * DAY);
    running += 3600;
    wall += 3600;
    put_and_read(f->s, &bob, 2);
    pass_time(8 * DAY);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
    pass_time(2 * DAY);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_DUPLICATE);
}

static void a_quiet_shard_grows_old_too(void **state)
{
    /* Nothing is put there, and the machine is started anew each tenth day: a look each day is enough. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    for (unsigned day = 0; day < 40; day++) {
        assert_int_equal(compact(f->s, 40), 0);
        if (day % 10 == 9)
            reboot(f, 0);
        pass_time(DAY - 10);
        assert_int_equal(fixture_unread(f->s, &bob), 1);
        pass_time(10);
    }
    assert_int_equal(compact(f->s, 40), 1);
}

static void a_boot_counts_before_the_shard_is_seen(void **state)
{
    /* Nobody comes for 50 days of running: they count, though the latest record is of the boot before. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    reboot(f, 3600);
    pass_time(50 * DAY);
    assert_int_equal(compact(f->s, 51), 0);
    assert_int_equal(compact(f->s, 50), 1);
    assert_int_equal(fixture_unread(f->s, &bob), 0);
}

static void an_age_is_noted_once_a_day(void **state)
{
    /* By whoever comes, who may only look; and not by others after that. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    pass_time(DAY - 1);
    assert_int_equal(fixture_unread(f->s, &bob), 0);
    assert_int_equal(shard_last(f->s, "bob")->marker.records, 1);
    pass_time(1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fixture_unread(i == 0 ? f->s : f->s2, &bob), 0);
    assert_int_equal(shard_last(f->s2, "bob")->marker.records, 2);
    files_remove(f, "index.gdbm");
    assert_int_equal(fixture_unread(f->s, &bob), 0);
    assert_int_equal(shard_last(f->s, "bob")->marker.last_age, 1 + DAY);
}

static void reboots_after_a_long_time_off_age_nothing(void **state)
{
    /* What the shard hasn't seen isn't made up for a day at a time at the cost of what is new. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    reboot(f, 90 * DAY);
    put_and_read(f->s, &bob, 2);
    for (unsigned i = 0; i < 40; i++) {
        reboot(f, 60);
        put_and_read(f->s, &bob, 10 + i);
    }
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_DUPLICATE);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
}

static void a_rebuild_keeps_the_boots_beginning(void **state)
{
    /* Otherwise each would count what the clock was moved by since the latest record. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    put_and_read(f->s, &bob, 1);
    for (unsigned i = 0; i < 40; i++) {
        wall += 2 * DAY;
        files_remove(f, "index.gdbm");
        put_and_read(f->s, &bob, 10 + i);
    }
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
    compact(f->s, 0);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
}

static void expect_time(struct store *s, const struct store_login *login, uint64_t time)
{
    struct store_item items[2];
    struct store_listing listing = {.items = items, .max = 2};
    assert_int_equal(store_list(s, login, &listing), ERR_OK);
    assert_int_equal(listing.n, 1);
    assert_int_equal(items[0].time, time);
}

static void the_time_shown_is_the_clocks(void **state)
{
    /* Whatever it said; a rebuild, a compaction and a reboot leave it as it was. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    const uint64_t then = wall + 12 * YEAR;
    wall += 12 * YEAR;
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    wall -= 12 * YEAR;
    expect_time(f->s, &bob, then);
    files_remove(f, "index.gdbm");
    expect_time(f->s, &bob, then);
    compact(f->s, 10);
    expect_time(f->s2, &bob, then);
    reboot(f, 100);
    expect_time(f->s, &bob, then);
}

static void a_clock_beyond_2106_is_shown_as_2106(void **state)
{
    /* 32 bits hold no more, and must not begin again at 1970. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    const uint64_t now = wall;
    wall = UINT64_C(1) << 33;
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    wall = now;
    expect_time(f->s, &bob, UINT32_MAX);
    assert_int_equal(compact(f->s, 10), 0);
}

static void a_record_without_an_age_has_its_time(void **state)
{
    /* As logs of before have them: their ids go on being remembered for 30 days. */
    (void)state;
    struct record_ack ack = {.mailbox = 1};
    struct apply_record record = {.head = {.type = RECORD_ACK, .time = 1700000000}};
    assert_int_equal(apply_split(&record, span_of(&ack, sizeof(ack))), ERR_OK);
    assert_int_equal(record.head.age, 1700000000);
    record.head = (struct record_head){.type = RECORD_ACK, .time = 1700000000, .age = 5};
    assert_int_equal(apply_split(&record, span_of(&ack, sizeof(ack))), ERR_OK);
    assert_int_equal(record.head.age, 5);
}

static void an_age_is_over_after_its_days(void **state)
{
    /* To the second; never for what seems to come from the future. */
    (void)state;
    assert_false(age_is_over(10, 30, 10 + 30 * DAY - 1));
    assert_true(age_is_over(10, 30, 10 + 30 * DAY));
    assert_true(age_is_over(10, 0, 10));
    assert_false(age_is_over(10, 0, 9));
    assert_false(age_is_over(0, UINT64_MAX, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_jump_to_2038_forgets_nothing),
        FIXTURE_TEST(an_acknowledgement_in_2038_forgets_nothing),
        FIXTURE_TEST(a_boot_in_2038_empties_nothing),
        FIXTURE_TEST(a_boot_with_a_wrong_clock_costs_a_day),
        FIXTURE_TEST(a_shard_made_with_a_wrong_clock_goes_on),
        FIXTURE_TEST(a_machine_without_a_clock_forgets_at_last),
        FIXTURE_TEST(time_off_counts_up_to_a_day),
        FIXTURE_TEST(a_quiet_shard_grows_old_too),
        FIXTURE_TEST(a_boot_counts_before_the_shard_is_seen),
        FIXTURE_TEST(an_age_is_noted_once_a_day),
        FIXTURE_TEST(reboots_after_a_long_time_off_age_nothing),
        FIXTURE_TEST(a_rebuild_keeps_the_boots_beginning),
        FIXTURE_TEST(the_time_shown_is_the_clocks),
        FIXTURE_TEST(a_clock_beyond_2106_is_shown_as_2106),
        cmocka_unit_test(a_record_without_an_age_has_its_time),
        cmocka_unit_test(an_age_is_over_after_its_days),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
