/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An index that the marker vouches for and that has lost an entry: nothing that was acknowledged goes with it. */
#include "store/gdbm/compact.h"

#include "store/gdbm/entry.h"
#include "store/gdbm/hex.h"
#include "store/gdbm/memory.h"
#include "store/gdbm/point.h"
#include "store/gdbm/scan.h"
#include "store/operate.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

#define MESSAGES 40

static unsigned home_of(struct store *s, const char *user)
{
    struct gdbm_store *k = keeper_of(s);
    return keys_shard(&k->keys, user, k->directory.shard_count);
}

/* Bob with messages 1 to MESSAGES, of which the even ones are acknowledged. */
static struct store_login fill(struct fixture *f)
{
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= MESSAGES; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 2; i <= MESSAGES; i += 2)
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    return bob;
}

static void expect_filled(struct store *s, const struct store_login *bob)
{
    struct store_cursor cursor = {0};
    assert_int_equal(fixture_unread(s, bob), MESSAGES / 2);
    for (unsigned i = 1; i <= MESSAGES; i += 2)
        fixture_expect(s, bob, &cursor, i);
    fixture_expect_none(s, bob, &cursor);
    for (unsigned i = 1; i <= MESSAGES; i++)
        assert_int_equal(fixture_put_n(s, "bob", i), ERR_DUPLICATE);
}

/* Opened under the store, as what a flipped bit on the disk leaves it. */
struct forgery {
    struct shard *shard;
    struct index *index;
    struct entry_account account;
    struct entry_mailbox mailbox;
};

static struct forgery begin_forgery(const struct fixture *f)
{
    struct forgery g = {.shard = shard_last(f->s, "bob")};
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, "bob");
    assert_int_equal(index_open(&g.index, g.shard->dir, INDEX_NAME, &g.shard->store->keys, false),
                     ERR_OK);
    assert_int_equal(index_load_front(g.index, g.shard->marker.front), ERR_OK);
    assert_int_equal(entry_get_account(g.index, name, &g.account), ERR_OK);
    assert_int_equal(entry_get_mailbox(g.index, g.account.mailbox, &g.mailbox), ERR_OK);
    return g;
}

/* The marker vouches for what was made of it. */
static void end_forgery(const struct forgery *g)
{
    struct marker marker = g->shard->marker;
    assert_int_equal(index_flush(g->index), ERR_OK);
    assert_int_equal(index_note(g->index, &marker), ERR_OK);
    index_drop(g->index);
    assert_int_equal(marker_write(&g->shard->file, &marker), ERR_OK);
}

static void lose_id(const struct forgery *g, unsigned n)
{
    uint8_t id[LAYOUT_ID_LEN];
    struct memory memory;
    hex_to_id(id, fixture_id(n).text);
    assert_int_equal(memory_find(g->index, g->account.mailbox, id, &memory), ERR_OK);
    assert_int_equal(memory_remove(g->index, g->account.mailbox, id, &memory), ERR_OK);
}

static void lose_waiting(struct forgery *g)
{
    lose_id(g, 3);
}

static void lose_read(struct forgery *g)
{
    lose_id(g, 4);
}

static void lose_mailbox(struct forgery *g)
{
    assert_int_equal(entry_remove_mailbox(g->index, g->account.mailbox), ERR_OK);
}

static void lose_count(struct forgery *g)
{
    g->mailbox.count--;
    assert_int_equal(entry_put_mailbox(g->index, g->account.mailbox, &g->mailbox), ERR_OK);
}

static void lose_bytes(struct forgery *g)
{
    g->mailbox.bytes++;
    assert_int_equal(entry_put_mailbox(g->index, g->account.mailbox, &g->mailbox), ERR_OK);
}

static void (*const losses[])(struct forgery *) = {lose_waiting, lose_read, lose_mailbox,
                                                   lose_count, lose_bytes};

static void a_compaction_does_not_believe_the_index(void **state)
{
    /* Whatever the index has lost, all is there after the compaction, which doesn't fail either. */
    struct fixture *f = *state;
    struct store_login bob = fill(f);
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        struct operate_compaction compaction;
        struct operate_check check;
        struct forgery g = begin_forgery(f);
        losses[i](&g);
        end_forgery(&g);
        assert_int_equal(operate_compact(f->s2, home_of(f->s, "bob"), &compaction), ERR_OK);
        assert_true(compaction.is_done);
        expect_filled(f->s, &bob);
        assert_int_equal(operate_check(f->s, home_of(f->s, "bob"), false, &check), ERR_OK);
        assert_int_equal(check.verdict, OPERATE_CLEAN);
    }
}

static void a_repair_does_not_believe_the_index(void **state)
{
    /* With a damaged message in the log as well, that message goes and nothing else. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct operate_check check;
    struct store_cursor cursor = {0};
    uint64_t start = shard_last(f->s, "bob")->marker.end;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    file_write(file_named(f, "log.1").text, "damaged!", 8, start + 40);
    struct forgery g = begin_forgery(f);
    lose_waiting(&g);
    end_forgery(&g);
    assert_int_equal(operate_check(f->s2, home_of(f->s, "bob"), true, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_REPAIRED);
    fixture_expect(f->s2, &bob, &cursor, 2);
    fixture_expect(f->s2, &bob, &cursor, 3);
    assert_int_equal(fixture_unread(f->s, &bob), 2);
}

static void a_damaged_record_that_nothing_needs_is_left_out(void **state)
{
    /* An account's record that a later one has replaced: no rebuild can know that, but a repair does, by an index that
     * is still trusted. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    struct operate_check check;
    assert_int_equal(store_account_get(f->s, "bob", &a), ERR_OK);
    assert_int_equal(store_account_change(f->s, "bob", &a), ERR_OK);
    bob.version = a.version;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    file_spoil(file_named(f, "log.1").text, sizeof(struct journal_header) + 40);
    assert_int_equal(operate_check(f->s2, home_of(f->s, "bob"), true, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_REPAIRED);
    files_remove(f, "index.gdbm");
    for (unsigned i = 1; i <= 3; i++)
        fixture_expect(f->s, &bob, &cursor, i);
    assert_int_equal(store_account_get(f->s2, "bob", &a), ERR_OK);
    store_account_free(&a);
    file_named(f, "kept.1.log.1");
}

static void any_one_bit_of_a_record_is_mended(void **state)
{
    /* In an account, a message or an acknowledgement, in a length or a type: from the log alone all is there, and the
     * log is whole again. */
    struct fixture *f = *state;
    struct store_login bob = fill(f);
    uint64_t end = shard_last(f->s, "bob")->marker.end;
    for (uint64_t at = sizeof(struct journal_header); at < end; at += at < 500 ? 1 : 59) {
        struct operate_check check;
        file_flip(file_named(f, "log.1").text, at, (unsigned)at % 8);
        files_remove(f, "index.gdbm");
        assert_int_equal(store_login_check(f->s2, &bob), ERR_OK);
        if (at % 10 == 0)
            expect_filled(f->s2, &bob);
        assert_int_equal(operate_check(f->s, home_of(f->s, "bob"), false, &check), ERR_OK);
        assert_int_equal(check.verdict, OPERATE_CLEAN);
    }
    expect_filled(f->s2, &bob);
}

static void a_search_for_a_whole_record_ends(void **state)
{
    /* Behind damage stands a message full of heads that claim much of the log: it isn't read again for each. */
    struct fixture *f = *state;
    fixture_register(f->s, "bob");
    struct shard *shard = shard_last(f->s, "bob");
    static uint8_t body[60000];
    uint64_t start = shard->marker.end;
    const struct record_head forged = {.length = 100000, .type = RECORD_PUT};
    for (size_t at = 0; at + 8 <= sizeof(body); at += 8)
        memcpy(body + at, &forged, 8);
    for (unsigned i = 1; i <= 4; i++) {
        struct fixture_id id = fixture_id(i);
        struct store_share share;
        const char *senders[] = {"a", "b", "c", "d"};
        const struct store_put put = {.recipient = "bob",
                                      .sender = senders[i - 1],
                                      .id = id.text,
                                      .body = span_of(body, sizeof(body))};
        assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
    }
    assert_int_equal(store_settle(f->s), ERR_OK);
    file_write(file_named(f, "log.1").text, "damaged!", 8, start);
    struct scan scan;
    struct scan_record record;
    enum err e = ERR_OK;
    bool has_lost = false;
    scan_open(&scan, &shard->journal, shard->marker.end);
    while (!e) {
        e = scan_next(&scan, &record);
        has_lost |= !e && record.is_lost;
    }
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_true(has_lost);
    assert_int_equal(scan.end.place, shard->marker.end);
    assert_true(scan.hashed < 32 * shard->journal.size);
    scan_close(&scan);
}

static unsigned begun;

static void count_begun(const char *name)
{
    begun += strcmp(name, "compact: begun") == 0;
}

static void what_fails_is_left_alone_for_a_while(void **state)
{
    /* However many sessions come after a compaction that failed, whoever they are; an operator may try. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct operate_compaction compaction;
    char body[30000];
    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    uint64_t first = shard_last(f->s, "bob")->marker.end;
    for (unsigned i = 1; i <= 14; i++) {
        assert_int_equal(fixture_put(f->s, "a", "bob", i, body), ERR_OK);
        if (i > 1)
            assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    }
    file_write(file_named(f, "log.1").text, "damaged!", 8, first + 200);
    begun = 0;
    point_hook = count_begun;
    for (unsigned i = 0; i < 4; i++) {
        store_maintain(f->s);
        assert_int_equal(store_login_check(f->s2, &bob), ERR_OK);
        store_maintain(f->s2);
        fixture_reopen(f);
        assert_int_equal(store_login_check(f->s, &bob), ERR_OK);
        assert_int_equal(begun, 1);
    }
    assert_int_equal(operate_compact(f->s, home_of(f->s, "bob"), &compaction), ERR_DAMAGED);
    assert_int_equal(begun, 2);
    point_hook = NULL;
    file_named(f, "compact.failed");
}

/* Files of shards that this process has open and that have no name any more. */
static unsigned count_unlinked(const struct fixture *f)
{
    unsigned n = 0;
    glob_t found = {0};
    assert_int_equal(glob("/proc/self/fd/*", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char to[400] = "";
        ssize_t len = readlink(found.gl_pathv[i], to, sizeof(to) - 1);
        if (len > 0 && strncmp(to, f->store, strlen(f->store)) == 0)
            n += strstr(to, " (deleted)") != NULL;
    }
    globfree(&found);
    return n;
}

static void who_rests_holds_no_old_generation(void **state)
{
    /* Its log and index go with their names; what isn't settled is kept until it is. */
    struct fixture *f = *state;
    struct store_login bob = fill(f);
    struct operate_compaction compaction;
    assert_int_equal(store_login_check(f->s2, &bob), ERR_OK);
    assert_int_equal(operate_compact(f->s, home_of(f->s, "bob"), &compaction), ERR_OK);
    assert_int_equal(count_unlinked(f), 2);
    store_rest(f->s2);
    assert_int_equal(count_unlinked(f), 2);
    assert_int_equal(store_settle(f->s2), ERR_OK);
    store_rest(f->s2);
    assert_int_equal(count_unlinked(f), 0);
    expect_filled(f->s2, &bob);
    store_rest(f->s2);
    assert_int_equal(store_settle(f->s2), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_compaction_does_not_believe_the_index),
        FIXTURE_TEST(a_repair_does_not_believe_the_index),
        FIXTURE_TEST(a_damaged_record_that_nothing_needs_is_left_out),
        FIXTURE_TEST(any_one_bit_of_a_record_is_mended),
        FIXTURE_TEST(a_search_for_a_whole_record_ends),
        FIXTURE_TEST(what_fails_is_left_alone_for_a_while),
        FIXTURE_TEST(who_rests_holds_no_old_generation),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
