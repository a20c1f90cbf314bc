/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator may ask of a store: its accounts, its space, whether it is whole. */
#include "store/operate.h"

#include <sys/file.h>

#include "store/gdbm/failed.h"
#include "store/gdbm/shard.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Bob with messages 1 to n, of which the even ones are acknowledged. */
static struct store_login fill(struct fixture *f, unsigned n)
{
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 2; i <= n; i += 2)
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    return bob;
}

static unsigned home_of(struct store *s, const char *user)
{
    struct gdbm_store *k = keeper_of(s);
    return keys_shard(&k->keys, user, k->directory.shard_count);
}

static struct operate_check check_bob(struct store *s, bool may_repair)
{
    struct operate_check check;
    assert_int_equal(operate_check(s, home_of(s, "bob"), may_repair, &check), ERR_OK);
    return check;
}

static void a_whole_store_is_clean(void **state)
{
    /* After everything that is done to a store; other shards aren't there. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 70);
    struct operate_compaction compaction;
    struct operate_check check;
    unsigned there = 0;
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < operate_shard_count(f->s); i++) {
            enum err e = operate_check(f->s, i, false, &check);
            assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
            there += e == ERR_OK;
            assert_int_equal(check.verdict, OPERATE_CLEAN);
        }
        assert_int_equal(fixture_ack(f->s2, &bob, 1 + 2 * (unsigned)round), ERR_OK);
        assert_int_equal(operate_compact(f->s2, home_of(f->s, "bob"), &compaction), ERR_OK);
        assert_true(compaction.is_done);
        assert_true(compaction.bytes_after < compaction.bytes_before);
    }
    assert_int_equal(there, 2);
    assert_int_equal(check_bob(f->s, true).verdict, OPERATE_CLEAN);
    assert_int_equal(store_account_delete(f->s, "bob", bob.version), ERR_OK);
    check = check_bob(f->s2, false);
    assert_int_equal(check.verdict, OPERATE_CLEAN);
    assert_true(check.records > 30);
}

/* What open handles believe of the index is no longer so. */
static void believe_index(const struct fixture *f)
{
    struct stat st;
    struct shard *shard = shard_last(f->s, "bob");
    assert_int_equal(stat(file_named(f, "index.gdbm").text, &st), 0);
    struct marker marker = shard->marker;
    marker_set_index(&marker, &st);
    assert_int_equal(marker_write(&shard->file, &marker), ERR_OK);
}

/* A rebuild leaves nothing in the front: GDBM's file is all there is. */
static void bring_all_to_gdbm(const struct fixture *f)
{
    files_remove(f, "index.gdbm");
    assert_int_equal(store_account_find(f->s, "bob"), ERR_OK);
}

static void a_wrong_index_is_found_and_replaced(void **state)
{
    /* With an index that the marker vouches for and that is of an earlier time: found, named, repaired, and
     * the wrong one kept. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    uint8_t old[65536];
    bring_all_to_gdbm(f);
    uint64_t size = file_size(file_named(f, "index.gdbm").text);
    assert_true(size <= sizeof(old));
    file_read_at(file_named(f, "index.gdbm").text, old, size, 0);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    bring_all_to_gdbm(f);
    file_write(file_named(f, "index.gdbm").text, old, size, 0);
    believe_index(f);
    struct operate_check check = check_bob(f->s2, false);
    assert_int_equal(check.verdict, OPERATE_DAMAGED);
    assert_true(check.differences > 0);
    assert_int_equal(check_bob(f->s2, true).verdict, OPERATE_REPAIRED);
    assert_int_equal(check_bob(f->s, false).verdict, OPERATE_CLEAN);
    assert_int_equal(fixture_unread(f->s, &bob), 9);
    assert_int_equal(file_size(file_named(f, "kept.1.index.gdbm").text), size);
}

static void any_flipped_bit_of_a_log_is_found(void **state)
{
    /* At places all over the log: never clean while it is there, and clean when it is taken back. */
    struct fixture *f = *state;
    fill(f, 12);
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    for (uint64_t at = 0; at < marker.end; at += 13) {
        struct operate_check check;
        file_flip(file_named(f, "log.1").text, at, (unsigned)at % 8);
        enum err e = operate_check(f->s2, home_of(f->s, "bob"), false, &check);
        assert_true(e == ERR_UNSUPPORTED || (!e && check.verdict == OPERATE_DAMAGED));
        file_flip(file_named(f, "log.1").text, at, (unsigned)at % 8);
        assert_int_equal(check_bob(f->s2, false).verdict, OPERATE_CLEAN);
    }
}

static void a_damaged_message_is_left_out_by_a_repair(void **state)
{
    /* The other messages stay, the damaged log is kept; a damaged account is beyond repair, and stays as it
     * is. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    file_spoil(file_named(f, "log.1").text, marker.end + 40);
    assert_int_equal(check_bob(f->s, false).lost_records, 1);
    assert_int_equal(check_bob(f->s, true).verdict, OPERATE_REPAIRED);
    assert_int_equal(check_bob(f->s, true).verdict, OPERATE_CLEAN);
    assert_true(file_size(file_named(f, "kept.1.log.1").text) > marker.end);
    struct store_cursor cursor = {0};
    fixture_expect(f->s2, &bob, &cursor, 2);
    fixture_expect(f->s2, &bob, &cursor, 3);
    assert_int_equal(fixture_unread(f->s, &bob), 2);
    /* In the new log the account is the second record. */
    uint64_t second = sizeof(struct journal_header) + journal_record_size(8);
    file_spoil(file_named(f, "log.2").text, second + 50);
    assert_int_equal(check_bob(f->s, true).verdict, OPERATE_DAMAGED);
    assert_int_equal(check_bob(f->s, false).verdict, OPERATE_DAMAGED);
    file_spoil(file_named(f, "log.2").text, second + 50);
    assert_int_equal(check_bob(f->s, false).verdict, OPERATE_CLEAN);
}

/* What the visitor counts. */
struct census {
    unsigned accounts[3];
    uint64_t messages;
    unsigned visits;
    unsigned most; /* after so many it stops */
};

static enum err count_account(void *context, const struct operate_account *account)
{
    struct census *census = context;
    census->accounts[account->state]++;
    census->messages += account->messages;
    return ++census->visits == census->most ? ERR_TOO_LARGE : ERR_OK;
}

static void accounts_are_visited_once(void **state)
{
    /* Each once, with what is theirs, before and after a compaction; a visitor can end it. */
    struct fixture *f = *state;
    char name[16];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        struct store_login login = fixture_register(f->s, name);
        if (i % 3 == 0)
            assert_int_equal(fixture_put_n(f->s, name, 1), ERR_OK);
        if (i % 3 == 1)
            assert_int_equal(store_account_delete(f->s, name, login.version), ERR_OK);
        if (i % 3 == 2)
            assert_int_equal(operate_disable_account(f->s, name, true), ERR_OK);
    }
    for (int round = 0; round < 2; round++) {
        struct census census = {.most = 1000};
        for (unsigned i = 0; i < operate_shard_count(f->s); i++) {
            struct operate_compaction compaction;
            enum err e = operate_visit_accounts(f->s2, i, count_account, &census);
            assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
            if (!e)
                assert_int_equal(operate_compact(f->s, i, &compaction), ERR_OK);
        }
        assert_int_equal(census.accounts[OPERATE_ACTIVE], 20);
        assert_int_equal(census.accounts[OPERATE_RESERVED], 20);
        assert_int_equal(census.accounts[OPERATE_DISABLED], 20);
        assert_int_equal(census.messages, 20);
    }
    struct census one = {.most = 1};
    assert_int_equal(operate_visit_accounts(f->s, home_of(f->s, "user0"), count_account, &one),
                     ERR_TOO_LARGE);
    assert_int_equal(one.visits, 1);
}

static void a_disabled_account_waits(void **state)
{
    /* Its sessions end, nobody finds it or takes its name; enabled, all is there, and it can log in anew. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    struct store_account a = STORE_ACCOUNT_INIT;
    struct operate_account shown;
    assert_int_equal(operate_disable_account(f->s2, "bob", true), ERR_OK);
    assert_int_equal(operate_disable_account(f->s2, "bob", true), ERR_OK);
    assert_int_equal(store_login_check(f->s, &bob), ERR_DENIED);
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_NOT_FOUND);
    assert_int_equal(fixture_put_n(f->s, "bob", 9), ERR_NOT_FOUND);
    assert_int_equal(store_account_create(f->s, "bob", &a), ERR_EXISTS);
    assert_int_equal(operate_show_account(f->s, "bob", &shown), ERR_OK);
    assert_int_equal(shown.state, OPERATE_DISABLED);
    assert_int_equal(shown.messages, 2);
    files_remove(f, "index.gdbm");
    assert_int_equal(operate_disable_account(f->s, "bob", false), ERR_OK);
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_OK);
    assert_true(a.version > bob.version);
    assert_int_equal(store_login_check(f->s2, &bob), ERR_DENIED);
    bob.version = a.version;
    assert_int_equal(fixture_unread(f->s2, &bob), 2);
    store_account_free(&a);
}

static void a_deleted_account_is_gone(void **state)
{
    /* Disabled or not; the name stays reserved; a second time, or another name, is not found. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    struct store_account a = STORE_ACCOUNT_INIT;
    struct operate_account shown;
    assert_int_equal(operate_disable_account(f->s2, "bob", true), ERR_OK);
    assert_int_equal(operate_delete_account(f->s2, "bob"), ERR_OK);
    assert_int_equal(store_settle(f->s2), ERR_OK);
    assert_int_equal(store_login_check(f->s, &bob), ERR_DENIED);
    assert_int_equal(store_account_create(f->s, "bob", &a), ERR_EXISTS);
    assert_int_equal(operate_delete_account(f->s, "bob"), ERR_NOT_FOUND);
    assert_int_equal(operate_disable_account(f->s, "bob", false), ERR_NOT_FOUND);
    assert_int_equal(operate_delete_account(f->s, "carol"), ERR_NOT_FOUND);
    assert_int_equal(operate_delete_account(f->s, "No User"), ERR_NOT_FOUND);
    assert_int_equal(operate_show_account(f->s, "bob", &shown), ERR_OK);
    assert_int_equal(shown.state, OPERATE_RESERVED);
    assert_int_equal(shown.messages, 0);
    assert_int_equal(check_bob(f->s, false).verdict, OPERATE_CLEAN);
}

static void space_is_what_the_files_take(void **state)
{
    /* As the files and the marker have it; and a failed shard says so until it can be compacted. */
    struct fixture *f = *state;
    fill(f, 10);
    unsigned home = home_of(f->s, "bob");
    struct operate_space space;
    struct operate_compaction compaction;
    assert_int_equal(operate_space(f->s2, home, &space), ERR_OK);
    assert_int_equal(space.log_bytes, file_size(file_named(f, "log.1").text));
    assert_int_equal(space.index_bytes, file_size(file_named(f, "index.gdbm").text));
    assert_true(space.live_bytes < space.used_bytes && space.used_bytes < space.log_bytes);
    assert_false(space.is_failed);
    failed_set(shard_last(f->s, "bob"));
    struct file_path obstacle = file_named(f, "log.1");
    snprintf(obstacle.text + strlen(obstacle.text) - 1, 8, "2.new");
    assert_int_equal(mkdir(obstacle.text, 0700), 0);
    assert_int_equal(operate_space(f->s2, home, &space), ERR_OK);
    assert_true(space.is_failed);
    assert_int_equal(rmdir(obstacle.text), 0);
    assert_int_equal(operate_compact(f->s2, home, &compaction), ERR_OK);
    assert_int_equal(operate_space(f->s, home, &space), ERR_OK);
    assert_false(space.is_failed);
    assert_int_equal(space.generation, 2);
    assert_int_equal(operate_space(f->s, home == 0 ? 1 : 0, &space), ERR_NOT_FOUND);
}

static struct operate_glance glance_at_bob(struct store *s)
{
    struct operate_glance glance;
    assert_int_equal(operate_glance(s, home_of(s, "bob"), &glance), ERR_OK);
    return glance;
}

static void assert_glance_is_the_account(struct store *s)
{
    struct operate_account account;
    assert_int_equal(operate_show_account(s, "bob", &account), ERR_OK);
    struct operate_glance glance = glance_at_bob(s);
    assert_int_equal(glance.messages, account.messages);
    assert_int_equal(glance.message_bytes, account.bytes - account.ids * STORE_ID_BYTES);
}

static void a_glance_has_what_waits(void **state)
{
    /* Messages put, read, compacted, rebuilt and gone with their account are counted as the mailbox counts them; while
     * somebody holds the lock; and a shard without a marker that counts says nothing. */
    struct fixture *f = *state;
    struct operate_compaction compaction;
    struct store_login bob = fixture_register(f->s, "bob");
    unsigned home = home_of(f->s, "bob");
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    assert_glance_is_the_account(f->s2);
    assert_int_equal(glance_at_bob(f->s2).messages, 20);
    assert_int_equal(fixture_ack(f->s, &bob, 3), ERR_OK);
    assert_glance_is_the_account(f->s2);
    assert_int_equal(glance_at_bob(f->s2).messages, 19);
    assert_int_equal(operate_compact(f->s2, home, &compaction), ERR_OK);
    assert_glance_is_the_account(f->s);
    int fd = open(file_named(f, "lock").text, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(glance_at_bob(f->s2).messages, 19);
    close(fd);
    struct operate_glance glance;
    assert_int_equal(operate_glance(f->s, home == 0 ? 1 : 0, &glance), ERR_NOT_FOUND);
    assert_int_equal(truncate(file_named(f, "lock").text, 0), 0);
    assert_int_equal(operate_glance(f->s, home, &glance), ERR_BUSY);
    fixture_reopen(f);
    assert_glance_is_the_account(f->s);
    assert_int_equal(glance_at_bob(f->s).messages, 19);
    assert_int_equal(operate_delete_account(f->s, "bob"), ERR_OK);
    glance = glance_at_bob(f->s2);
    assert_true(glance.messages == 0 && glance.message_bytes == 0 && !glance.is_failed);
}

static uint64_t back_up(struct store *s, const char *path)
{
    int target = -1;
    uint64_t all = 0;
    assert_int_equal(operate_backup_begin(s, path, &target), ERR_OK);
    for (unsigned i = 0; i < operate_shard_count(s); i++) {
        struct operate_copy copy;
        enum err e = operate_backup_shard(s, i, target, &copy);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
        all += copy.bytes;
        assert_int_equal(copy.damaged, 0);
    }
    assert_int_equal(operate_backup_end(s, target), ERR_OK);
    return all;
}

static void expect_messages(const char *path, const struct store_login *bob, unsigned first,
                            unsigned last)
{
    struct store_cursor cursor = {0};
    struct store *s = fixture_open_with(path, &fixture_quota);
    for (unsigned i = first; i <= last; i++)
        fixture_expect(s, bob, &cursor, i);
    fixture_expect_none(s, bob, &cursor);
    assert_int_equal(check_bob(s, false).verdict, OPERATE_CLEAN);
    store_close(s);
}

static void a_backup_is_a_store(void **state)
{
    /* Made, opened, added to, torn, added to again, and over a compaction: each time what the store had. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct operate_compaction compaction;
    struct fixture b = {0};
    snprintf(b.store, sizeof(b.store), "%.200s/backup", f->root);
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    uint64_t first = back_up(f->s2, b.store);
    expect_messages(b.store, &bob, 1, 4);
    assert_int_equal(back_up(f->s2, b.store), 0);
    assert_int_equal(fixture_put_n(f->s, "bob", 5), ERR_OK);
    assert_true(back_up(f->s2, b.store) < first / 2);
    expect_messages(b.store, &bob, 1, 5);
    static const uint8_t zeros[16];
    uint64_t size = file_size(file_named(&b, "log.1").text);
    assert_int_equal(fixture_put_n(f->s, "bob", 6), ERR_OK);
    back_up(f->s2, b.store);
    file_write(file_named(&b, "log.1").text, zeros, sizeof(zeros), size + 30);
    back_up(f->s2, b.store);
    expect_messages(b.store, &bob, 1, 6);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    assert_int_equal(operate_compact(f->s, home_of(f->s, "bob"), &compaction), ERR_OK);
    back_up(f->s2, b.store);
    expect_messages(b.store, &bob, 2, 6);
}

static void a_log_that_went_another_way_is_copied_whole(void **state)
{
    /* The backup has records that the store has lost since, and others stand in their place. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    char before[300];
    char backup[300];
    snprintf(before, sizeof(before), "%.200s/before", f->root);
    snprintf(backup, sizeof(backup), "%.200s/backup", f->root);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    back_up(f->s, before);
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_OK);
    back_up(f->s, backup);
    struct store *s = fixture_open_with(before, &fixture_quota);
    for (unsigned i = 8; i <= 10; i++)
        assert_int_equal(fixture_put_n(s, "bob", i), ERR_OK);
    assert_int_equal(fixture_ack(s, &bob, 1), ERR_OK);
    back_up(s, backup);
    store_close(s);
    expect_messages(backup, &bob, 8, 10);
}

static void a_backup_takes_nothing_else_s_place(void **state)
{
    /* Not this store's, not another's, not a directory's with other things in it. */
    struct fixture *f = *state;
    char path[300];
    int target;
    assert_int_equal(operate_backup_begin(f->s, f->store, &target), ERR_EXISTS);
    assert_int_equal(operate_backup_begin(f->s, f->root, &target), ERR_MALFORMED);
    snprintf(path, sizeof(path), "%.200s/other", f->root);
    store_close(fixture_open_with(path, &fixture_quota));
    assert_int_equal(operate_backup_begin(f->s, path, &target), ERR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_whole_store_is_clean),
        FIXTURE_TEST(a_wrong_index_is_found_and_replaced),
        FIXTURE_TEST(any_flipped_bit_of_a_log_is_found),
        FIXTURE_TEST(a_damaged_message_is_left_out_by_a_repair),
        FIXTURE_TEST(accounts_are_visited_once),
        FIXTURE_TEST(a_disabled_account_waits),
        FIXTURE_TEST(a_deleted_account_is_gone),
        FIXTURE_TEST(space_is_what_the_files_take),
        FIXTURE_TEST(a_glance_has_what_waits),
        FIXTURE_TEST(a_backup_is_a_store),
        FIXTURE_TEST(a_log_that_went_another_way_is_copied_whole),
        FIXTURE_TEST(a_backup_takes_nothing_else_s_place),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
