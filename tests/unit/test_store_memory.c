/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ids whose messages are gone, once a compaction has gathered them into records of many: each is still known, with its
 * sender and its envelope, in whatever company. */
#include "store/gdbm/memory.h"

#include "store/gdbm/commit.h"
#include "store/gdbm/compact.h"
#include "store/gdbm/gather.h"
#include "store/gdbm/hex.h"
#include "store/gdbm/scan.h"
#include "store/operate.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Never full. */
static const struct store_quota wide = {.messages = 100000,
                                        .bytes = 100000000,
                                        .per_sender_percent = 100};

static void reopen_wide(struct fixture *f)
{
    store_close(f->s);
    store_close(f->s2);
    f->s = fixture_open_with(f->store, &wide);
    f->s2 = fixture_open_with(f->store, &wide);
}

static unsigned home(const struct fixture *f)
{
    return shard_last(f->s, "bob")->number;
}

static void compact_bob(const struct fixture *f)
{
    struct operate_compaction compaction;
    assert_int_equal(operate_compact(f->s, home(f), &compaction), ERR_OK);
    assert_true(compaction.is_done);
}

static enum operate_verdict check_bob(const struct fixture *f, bool may_repair)
{
    struct operate_check check;
    assert_int_equal(operate_check(f->s2, home(f), may_repair, &check), ERR_OK);
    return check.verdict;
}

static enum err put_from(const struct fixture *f, unsigned sender, unsigned n, const char *body)
{
    char name[16];
    snprintf(name, sizeof(name), "s%u", sender);
    return fixture_put(f->s, name, "bob", n, body);
}

/* A message from each of so many senders in turn, put and removed. */
static void come_and_go(const struct fixture *f, const struct store_login *bob, unsigned senders,
                        unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        assert_int_equal(put_from(f, n % senders, n, "body"), ERR_OK);
        assert_int_equal(fixture_ack(f->s, bob, n), ERR_OK);
    }
}

static void expect_known(const struct fixture *f, unsigned senders, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        assert_int_equal(put_from(f, n % senders, n, "body"), ERR_DUPLICATE);
        assert_int_equal(put_from(f, n % senders, n, "other"), ERR_EXISTS);
        assert_int_equal(put_from(f, n % senders + 1, n, "body"), ERR_EXISTS);
    }
}

static uint64_t count_memories(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker.memories;
}

static void each_id_is_known_wherever_its_record_ends(void **state)
{
    /* None, one, a full record, one more; and in the generation behind that too. */
    struct fixture *f = *state;
    reopen_wide(f);
    static const unsigned totals[] = {0, 1, GATHER_ITEMS, GATHER_ITEMS + 1, 2 * GATHER_ITEMS + 3};
    struct store_login bob = fixture_register(f->s, "bob");
    unsigned done = 0;
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        come_and_go(f, &bob, 1, done, totals[i]);
        done = totals[i];
        compact_bob(f);
        assert_int_equal(count_memories(f), done);
        expect_known(f, 1, done > 5 ? done - 5 : 0, done);
        assert_int_equal(check_bob(f, false), OPERATE_CLEAN);
    }
    expect_known(f, 1, 0, done);
    files_remove(f, "index.gdbm");
    expect_known(f, 1, 0, done);
}

static void more_senders_than_groups(void **state)
{
    /* Then records are short; the books of each sender's share balance all the same. */
    struct fixture *f = *state;
    const unsigned senders = GATHER_GROUPS + 9;
    reopen_wide(f);
    struct store_login bob = fixture_register(f->s, "bob");
    come_and_go(f, &bob, senders, 0, 4 * senders);
    for (int round = 0; round < 2; round++) {
        compact_bob(f);
        expect_known(f, senders, 0, 4 * senders);
        assert_int_equal(check_bob(f, false), OPERATE_CLEAN);
    }
}

static void what_comes_behind_a_compaction_joins_at_the_next(void **state)
{
    /* Ids of both kinds, and messages that wait, in one shard; then the account is deleted, and nothing is left. */
    struct fixture *f = *state;
    reopen_wide(f);
    struct store_login bob = fixture_register(f->s, "bob");
    come_and_go(f, &bob, 3, 0, 20);
    compact_bob(f);
    come_and_go(f, &bob, 3, 20, 40);
    for (unsigned n = 40; n < 50; n++)
        assert_int_equal(put_from(f, n % 3, n, "body"), ERR_OK);
    expect_known(f, 3, 0, 50);
    assert_int_equal(count_memories(f), 40);
    compact_bob(f);
    expect_known(f, 3, 0, 50);
    assert_int_equal(fixture_unread(f->s, &bob), 10);
    assert_int_equal(store_account_delete(f->s, "bob", bob.version), ERR_OK);
    assert_int_equal(count_memories(f), 0);
    compact_bob(f);
    assert_int_equal(check_bob(f, false), OPERATE_CLEAN);
}

/* As a log of before said it. */
static enum err append_old(struct shard *shard, void *context)
{
    const unsigned *n = context;
    struct entry_account account;
    char name[LAYOUT_NAME_LEN];
    struct record_put put = {0};
    struct span body = span_str("body");
    entry_set_name(name, "bob");
    enum err e = entry_get_account(shard->index, name, &account);
    if (e)
        return e;
    put.mailbox = account.mailbox;
    put.sequence = *n;
    hex_to_id(put.id, fixture_id(*n).text);
    hash_sha256(put.hash, &body, 1);
    entry_set_name(put.sender, "s0");
    const struct journal_append record = {.type = RECORD_REMEMBER,
                                          .fixed = span_of(&put, sizeof(put)),
                                          .rest = span_str("")};
    return commit_record(shard, &record);
}

static void a_log_of_before_is_read(void **state)
{
    /* It had a record for each id; the next compaction gathers them. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned n = 1; n <= 5; n++)
        assert_int_equal(shard_run(f->s, "bob", false, append_old, &n), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_OK);
    expect_known(f, 1, 1, 6);
    files_remove(f, "index.gdbm");
    expect_known(f, 1, 1, 6);
    compact_bob(f);
    expect_known(f, 1, 1, 6);
    assert_int_equal(count_memories(f), 5);
    assert_int_equal(check_bob(f, false), OPERATE_CLEAN);
    assert_int_equal(fixture_unread(f->s, &bob), 0);
}

static uint64_t find_memory_record(const struct fixture *f)
{
    struct shard *shard = shard_last(f->s, "bob");
    struct scan scan;
    struct scan_record record = {0};
    uint64_t place = 0;
    assert_int_equal(store_account_find(f->s, "bob"), ERR_OK);
    scan_open(&scan, &shard->journal, shard->marker.end);
    while (place == 0 && !scan_next(&scan, &record))
        place = record.head.type == RECORD_MEMORY ? record.place : 0;
    scan_close(&scan);
    assert_int_not_equal(place, 0);
    return place;
}

static void a_damaged_record_of_ids_costs_them_alone(void **state)
{
    /* Messages wait in front of it and behind it: nothing else is lost, and that is said, and can be repaired. */
    struct fixture *f = *state;
    reopen_wide(f);
    struct store_login bob = fixture_register(f->s, "bob");
    come_and_go(f, &bob, 1, 0, 300);
    for (unsigned n = 300; n < 310; n++)
        assert_int_equal(put_from(f, 0, n, "body"), ERR_OK);
    compact_bob(f);
    for (unsigned n = 310; n < 320; n++)
        assert_int_equal(put_from(f, 0, n, "body"), ERR_OK);
    file_spoil(file_named(f, "log.2").text, find_memory_record(f) + 5000);
    assert_int_equal(check_bob(f, false), OPERATE_DAMAGED);
    files_remove(f, "index.gdbm");
    assert_int_equal(fixture_unread(f->s2, &bob), 20);
    expect_known(f, 1, 300, 320);
    assert_int_equal(put_from(f, 0, 7, "body"), ERR_OK);
    assert_int_equal(check_bob(f, true), OPERATE_REPAIRED);
    assert_int_equal(check_bob(f, false), OPERATE_CLEAN);
    assert_int_equal(fixture_unread(f->s, &bob), 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(each_id_is_known_wherever_its_record_ends),
        FIXTURE_TEST(more_senders_than_groups),
        FIXTURE_TEST(what_comes_behind_a_compaction_joins_at_the_next),
        FIXTURE_TEST(a_log_of_before_is_read),
        FIXTURE_TEST(a_damaged_record_of_ids_costs_them_alone),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
