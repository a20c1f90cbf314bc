/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When ids are forgotten and messages expire, and what room that makes. */
#include "tests/unit/store_clock.h"

#include "base/banned.h"

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

/* Bytes of her share, as the refusal of a message that is too large tells. */
static uint64_t used_by_alice(struct store *s)
{
    static char body[9000];
    struct fixture_id id = fixture_id(77);
    struct store_share share;
    const struct store_put put = {.recipient = "bob",
                                  .sender = "alice",
                                  .id = id.text,
                                  .body = span_of(body, sizeof(body))};
    assert_int_equal(store_put(s, &put, &share), ERR_FULL);
    return share.used;
}

static void a_carried_id_is_forgotten_too(void **state)
{
    /* Used again by somebody else, it is his, also where a compaction finds both in the log; the rest go by age. */
    struct fixture *f = *state;
    const struct store_quota quota = {.messages = 100, .bytes = 9000, .per_sender_percent = 100};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    for (unsigned i = 1; i <= 5; i++) {
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    }
    assert_int_equal(compact(s, 0), 0);
    pass_days(s, &bob, 29);
    assert_int_equal(fixture_put(s, "alice", "bob", 1, ""), ERR_DUPLICATE);
    assert_int_equal(fixture_put(s, "carol", "bob", 1, ""), ERR_EXISTS);
    pass_days(s, &bob, 2);
    assert_int_equal(used_by_alice(s), UINT64_C(5) * STORE_ID_BYTES);
    assert_int_equal(fixture_put(s, "carol", "bob", 1, ""), ERR_OK);
    assert_int_equal(fixture_put(s, "alice", "bob", 2, ""), ERR_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fixture_put(s, "alice", "bob", 1, ""), ERR_EXISTS);
        assert_int_equal(fixture_put(s, "carol", "bob", 1, ""), ERR_DUPLICATE);
        assert_int_equal(fixture_put(s, "alice", "bob", 2, ""), ERR_DUPLICATE);
        assert_int_equal(used_by_alice(s), (round < 2 ? UINT64_C(4) : 1) * STORE_ID_BYTES);
        if (round == 0)
            files_remove(f, "index.gdbm");
        else
            assert_int_equal(compact(s, 0), 0);
    }
    assert_int_equal(fixture_unread(s, &bob), 2);
    store_close(s);
}

static void a_message_expires_at_its_time(void **state)
{
    /* After 10 days by a compaction, not a second before; older sessions count right; the id is known on. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    uint64_t unread = 0;
    uint64_t ungiven = 0;
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
        pass_time(100);
    }
    fixture_expect(f->s, &bob, &cursor, 1);
    pass_days(f->s, &bob, 9);
    pass_time(DAY - 301);
    assert_int_equal(compact(f->s2, 10), 0);
    pass_time(101);
    assert_int_equal(compact(f->s2, 0), 0);
    assert_int_equal(compact(f->s2, 10), 2);
    assert_int_equal(store_count(f->s, &bob, &cursor, &unread, &ungiven), ERR_OK);
    assert_int_equal(unread, 1);
    assert_int_equal(ungiven, 1);
    fixture_expect(f->s, &bob, &cursor, 3);
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_DUPLICATE);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    files_remove(f, "index.gdbm");
    assert_int_equal(fixture_unread(f->s, &bob), 1);
    assert_int_equal(fixture_put_n(f->s, "bob", 2), ERR_DUPLICATE);
}

static void a_full_mailbox_is_rid_of_what_has_expired(void **state)
{
    /* The sender who finds it full is refused, and the next one isn't, once that session has ended. */
    struct fixture *f = *state;
    const struct store_quota quota = {.messages = 3,
                                      .bytes = 100000,
                                      .per_sender_percent = 100,
                                      .retention_days = 10};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    struct store_login login = bob;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(s, "bob", i), ERR_OK);
    for (unsigned day = 0; day < 9; day++) { /* the shard is in use meanwhile */
        pass_time(DAY);
        assert_int_equal(fixture_put_n(s, "bob", 10 + day), ERR_FULL);
        struct store_account a = STORE_ACCOUNT_INIT;
        assert_int_equal(store_account_get(s, "bob", &a), ERR_OK);
        assert_int_equal(store_account_change(s, "bob", &a), ERR_OK);
        login.version = a.version;
        store_account_free(&a);
        store_maintain(s);
    }
    assert_int_equal(fixture_unread(s, &login), 3);
    pass_time(DAY);
    assert_int_equal(fixture_put_n(s, "bob", 4), ERR_FULL);
    assert_int_equal(store_settle(s), ERR_OK);
    store_rest(s); /* as in a session that idled */
    store_maintain(s);
    assert_int_equal(fixture_unread(s, &login), 0);
    assert_int_equal(fixture_put_n(s, "bob", 4), ERR_OK);
    store_close(s);
}

static void a_forgotten_id_takes_no_room(void **state)
{
    /* Ids read more than 30 days ago aren't copied, and their share of the mailbox is free again. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= 50; i++) {
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    }
    pass_days(f->s, &bob, 31);
    assert_int_equal(compact(f->s, 0), 0);
    struct marker marker = shard_last(f->s, "bob")->marker;
    assert_int_equal(marker.live_records, 2 + 30); /* account, mailbox, and 30 days' ids */
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    assert_int_equal(fixture_unread(f->s2, &bob), 1);
}

/* A mailbox with room for ten ids and one text of 600 bytes, from any sender. */
static const struct store_quota small = {.messages = 100,
                                         .bytes = 10 * STORE_ID_BYTES + 600,
                                         .per_sender_percent = 100};

static enum err put_long(struct store *s, unsigned n)
{
    char body[601];
    memset(body, 'x', 600);
    body[600] = '\0';
    return fixture_put(s, "alice", "bob", n, body);
}

static void ids_to_be_forgotten_dont_keep_a_mailbox_full(void **state)
{
    /* Ten ids fill it for 30 days, without compactions in vain; then who finds it full makes room. */
    struct fixture *f = *state;
    struct store *s = fixture_open_with(f->store, &small);
    struct store_login bob = fixture_register(s, "bob");
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    }
    for (unsigned day = 0; day < 30; day++) {
        assert_int_equal(put_long(s, 11), ERR_FULL);
        store_maintain(s);
        assert_int_equal(put_long(s, 11), ERR_FULL);
        assert_int_equal(generation(s), 1);
        pass_time(DAY);
    }
    pass_time(1);
    assert_int_equal(put_long(s, 11), ERR_FULL);
    store_maintain(s);
    assert_int_equal(generation(s), 2);
    assert_int_equal(put_long(s, 11), ERR_OK);
    assert_int_equal(fixture_unread(s, &bob), 1);
    store_close(s);
}

static void the_oldest_id_that_was_read_counts(void **state)
{
    /* In whatever order they were read, and after a rebuild. */
    struct fixture *f = *state;
    struct store *s = fixture_open_with(f->store, &small);
    struct store_login bob = fixture_register(s, "bob");
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
        pass_time(DAY);
    }
    for (unsigned i = 10; i > 0; i--)
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    files_remove(f, "index.gdbm");
    pass_time(19 * DAY);
    assert_int_equal(put_long(s, 11), ERR_FULL);
    store_maintain(s);
    assert_int_equal(generation(s), 1);
    pass_time(DAY);
    assert_int_equal(put_long(s, 11), ERR_FULL);
    store_maintain(s);
    assert_int_equal(generation(s), 2);
    assert_int_equal(put_long(s, 11), ERR_OK);
    assert_int_equal(fixture_put(s, "alice", "bob", 2, ""), ERR_DUPLICATE);
    store_close(s);
}

static void what_waits_isnt_compacted_in_vain(void **state)
{
    /* Full of messages that needn't go, some older than 30 days, however often somebody knocks. */
    struct fixture *f = *state;
    struct store *s = fixture_open_with(f->store, &small);
    struct store_login bob = fixture_register(s, "bob");
    assert_int_equal(put_long(s, 1), ERR_OK);
    pass_time(40 * DAY);
    for (unsigned i = 2; i <= 10; i++)
        assert_int_equal(fixture_put(s, "alice", "bob", i, ""), ERR_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(put_long(s, 11), ERR_FULL);
        store_maintain(s);
        assert_int_equal(generation(s), 1);
    }
    assert_int_equal(fixture_ack(s, &bob, 1), ERR_OK);
    assert_int_equal(put_long(s, 11), ERR_OK);
    store_close(s);
}

static void a_compaction_for_room_is_made_once(void **state)
{
    /* Two handles find the mailbox full of what has expired; only the first to leave compacts. */
    struct fixture *f = *state;
    struct store_quota quota = small;
    quota.retention_days = 40;
    struct store *s = fixture_open_with(f->store, &quota);
    struct store *other = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    assert_int_equal(put_long(s, 1), ERR_OK);
    pass_time(40 * DAY);
    assert_int_equal(put_long(s, 2), ERR_FULL);
    assert_int_equal(put_long(other, 2), ERR_FULL);
    store_maintain(s);
    store_maintain(other);
    assert_int_equal(put_long(other, 2), ERR_OK);
    assert_int_equal(generation(other), 2);
    assert_int_equal(fixture_unread(s, &bob), 1);
    store_close(other);
    store_close(s);
}

static void a_compaction_for_room_has_its_price(void **state)
{
    /* Messages that expire one by one in a full mailbox: not a compaction for each, but one an hour. */
    struct fixture *f = *state;
    struct store_quota quota = small;
    quota.retention_days = 40;
    struct store *s = fixture_open_with(f->store, &quota);
    fixture_register(s, "bob");
    assert_int_equal(put_long(s, 1), ERR_OK);
    pass_time(60);
    assert_int_equal(fixture_put(s, "alice", "bob", 2, ""), ERR_OK);
    pass_time(40 * DAY - 60);
    assert_int_equal(put_long(s, 3), ERR_FULL);
    store_maintain(s);
    assert_int_equal(generation(s), 2);
    assert_int_equal(put_long(s, 3), ERR_OK);
    pass_time(60);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(put_long(s, 4), ERR_FULL);
        store_maintain(s);
        assert_int_equal(generation(s), 2);
    }
    pass_time(3600);
    assert_int_equal(put_long(s, 4), ERR_FULL);
    store_maintain(s);
    assert_int_equal(generation(s), 3);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_read_id_is_remembered_for_30_days),
        FIXTURE_TEST(a_waiting_id_is_remembered_as_long_as_it_waits),
        FIXTURE_TEST(the_counts_hold_when_ids_are_forgotten),
        FIXTURE_TEST(a_carried_id_is_forgotten_too),
        FIXTURE_TEST(a_message_expires_at_its_time),
        FIXTURE_TEST(a_full_mailbox_is_rid_of_what_has_expired),
        FIXTURE_TEST(a_forgotten_id_takes_no_room),
        FIXTURE_TEST(ids_to_be_forgotten_dont_keep_a_mailbox_full),
        FIXTURE_TEST(the_oldest_id_that_was_read_counts),
        FIXTURE_TEST(what_waits_isnt_compacted_in_vain),
        FIXTURE_TEST(a_compaction_for_room_is_made_once),
        FIXTURE_TEST(a_compaction_for_room_has_its_price),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
