/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's contract, as store.h states it. Nothing here knows which keeper is behind it: another one
 * passes when fixture_open gives it. */
#include "store/store.h"

#include <poll.h>

#include "base/clock.h"
#include "tests/unit/store_fixture.h"

#include "base/banned.h"

/* ---- accounts ---- */

static void an_account_comes_back_as_it_was_stored(void **state)
{
    /* Every field of an account survives, for this handle, another one and a later one. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_account b = STORE_ACCOUNT_INIT;
    memset(a.salt, 1, sizeof(a.salt));
    memset(a.check_salt, 2, sizeof(a.check_salt));
    memset(a.check, 3, sizeof(a.check));
    a.has_identity = true;
    assert_int_equal(buf_append_str(&a.identity, "an identity"), ERR_OK);
    assert_int_equal(buf_append_str(&a.vault, "a vault"), ERR_OK);
    assert_int_equal(store_account_create(f->s, "alice", &a), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(store_account_get(round == 0 ? f->s : f->s2, "alice", &b), ERR_OK);
        assert_memory_equal(a.salt, b.salt, sizeof(a.salt));
        assert_memory_equal(a.check_salt, b.check_salt, sizeof(a.check_salt));
        assert_memory_equal(a.check, b.check, sizeof(a.check));
        assert_true(b.has_identity);
        assert_true(span_is(buf_span(&b.identity), "an identity"));
        assert_true(span_is(buf_span(&b.vault), "a vault"));
        assert_int_equal(a.version, b.version);
        if (round == 1)
            fixture_reopen(f);
    }
    store_account_free(&a);
    store_account_free(&b);
}

static void the_largest_account_fits(void **state)
{
    /* Identity and vault of the protocol's greatest sizes go in and come out whole. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_account b = STORE_ACCOUNT_INIT;
    a.has_identity = true;
    while (a.identity.len < a.identity.max)
        assert_int_equal(buf_append_byte(&a.identity, (uint8_t)a.identity.len), ERR_OK);
    while (a.vault.len < a.vault.max)
        assert_int_equal(buf_append_byte(&a.vault, (uint8_t)(a.vault.len * 7)), ERR_OK);
    assert_int_equal(store_account_create(f->s, "alice", &a), ERR_OK);
    assert_int_equal(store_account_get(f->s2, "alice", &b), ERR_OK);
    assert_true(span_equal(buf_span(&a.identity), buf_span(&b.identity)));
    assert_true(span_equal(buf_span(&a.vault), buf_span(&b.vault)));
    store_account_free(&a);
    store_account_free(&b);
}

static void a_name_is_registered_once(void **state)
{
    /* A second registration is refused and changes nothing; unknown and malformed names aren't there. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_login login = fixture_register(f->s, "alice");
    assert_int_equal(store_account_create(f->s2, "alice", &a), ERR_EXISTS);
    assert_int_equal(store_login_check(f->s2, &login), ERR_OK);
    assert_int_equal(store_account_get(f->s, "nobody", &a), ERR_NOT_FOUND);
    assert_int_equal(store_account_get(f->s, "", &a), ERR_NOT_FOUND);
    assert_int_equal(store_account_get(f->s, "a-name-of-more-than-thirty-two-characters", &a),
                     ERR_NOT_FOUND);
    assert_int_equal(store_account_create(f->s, "../alice", &a), ERR_MALFORMED);
    store_account_free(&a);
}

static void a_change_ends_older_logins(void **state)
{
    /* After a change the old version is denied everywhere; the identity stays, the rest is new. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_account b = STORE_ACCOUNT_INIT;
    a.has_identity = true;
    assert_int_equal(buf_append_str(&a.identity, "kept"), ERR_OK);
    assert_int_equal(store_account_create(f->s, "alice", &a), ERR_OK);
    struct store_login old = {.user = "alice", .version = a.version};
    buf_clear(&a.identity);
    a.check[0] = 9;
    assert_int_equal(buf_append_str(&a.vault, "new vault"), ERR_OK);
    assert_int_equal(store_account_change(f->s, "alice", &a), ERR_OK);
    assert_int_not_equal(a.version, old.version);
    assert_int_equal(store_login_check(f->s2, &old), ERR_DENIED);
    assert_int_equal(store_account_get(f->s2, "alice", &b), ERR_OK);
    assert_true(b.has_identity);
    assert_true(span_is(buf_span(&b.identity), "kept"));
    assert_true(span_is(buf_span(&b.vault), "new vault"));
    assert_int_equal(b.check[0], 9);
    a.version = old.version;
    assert_int_equal(store_account_change(f->s2, "alice", &a), ERR_DENIED);
    assert_int_equal(store_account_change(f->s2, "nobody", &a), ERR_DENIED);
    uint64_t n;
    assert_int_equal(store_count(f->s2, &old, NULL, &n, &n), ERR_DENIED);
    assert_int_equal(fixture_ack(f->s2, &old, 1), ERR_DENIED);
    store_account_free(&a);
    store_account_free(&b);
}

static void a_deleted_name_stays_reserved(void **state)
{
    /* Account and mailbox are gone, nobody can take the name, nothing can be sent to it. */
    struct fixture *f = *state;
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_login alice = fixture_register(f->s, "alice");
    assert_int_equal(fixture_put_n(f->s, "alice", 1), ERR_OK);
    assert_int_equal(store_account_delete(f->s, "alice", alice.version + 1), ERR_DENIED);
    assert_int_equal(store_account_delete(f->s2, "alice", alice.version), ERR_OK);
    assert_int_equal(store_account_delete(f->s, "alice", alice.version), ERR_DENIED);
    assert_int_equal(store_account_get(f->s, "alice", &a), ERR_NOT_FOUND);
    assert_int_equal(store_account_create(f->s, "alice", &a), ERR_EXISTS);
    assert_int_equal(store_login_check(f->s, &alice), ERR_DENIED);
    assert_int_equal(fixture_put_n(f->s, "alice", 2), ERR_NOT_FOUND);
    fixture_reopen(f);
    assert_int_equal(store_account_create(f->s, "alice", &a), ERR_EXISTS);
    store_account_free(&a);
}

/* ---- messages ---- */

static void messages_come_first_in_first_out(void **state)
{
    /* 100 messages come in the order they were put, with sender, time and mark. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    struct store_item item;
    struct buf body = BUF_INIT(1000);
    uint64_t before = clock_wall();
    for (unsigned i = 1; i <= 100; i++)
        assert_int_equal(fixture_put_n(i % 2 ? f->s : f->s2, "bob", i), ERR_OK);
    assert_int_equal(store_next(f->s, &bob, &cursor, &item, &body), ERR_OK);
    assert_string_equal(item.sender, "sender");
    assert_true(item.is_signed);
    assert_in_range(item.time, before, clock_wall());
    assert_int_equal(item.left, 99);
    for (unsigned i = 2; i <= 100; i++)
        fixture_expect(f->s, &bob, &cursor, i);
    fixture_expect_none(f->s, &bob, &cursor);
    buf_free(&body);
}

static void bodies_of_every_size_come_back(void **state)
{
    /* Empty, odd and large bodies, with zero bytes in them, come back byte for byte. */
    struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 4095, 65537, 400000};
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    uint8_t *content = malloc(400000);
    for (size_t i = 0; i < 400000; i++)
        content[i] = (uint8_t)(i * 31 >> 3);
    for (unsigned i = 0; i < 8; i++) {
        struct fixture_id id = fixture_id(i);
        struct store_share share;
        struct store_put put = {.recipient = "bob",
                                .sender = "sender",
                                .id = id.text,
                                .body = span_of(content, sizes[i])};
        assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct buf body = BUF_INIT(400000);
        struct store_item item;
        assert_int_equal(store_next(f->s2, &bob, &cursor, &item, &body), ERR_OK);
        assert_true(span_equal(buf_span(&body), span_of(content, sizes[i])));
        assert_false(item.is_signed);
        buf_free(&body);
    }
    free(content);
}

static void what_was_not_acknowledged_is_given_again(void **state)
{
    /* Reading removes nothing: a new session starts over; ACK alone removes, and may be repeated. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor first = {0};
    struct store_cursor second = {0};
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 1; i <= 3; i++)
        fixture_expect(f->s, &bob, &first, i);
    assert_int_equal(fixture_ack(f->s, &bob, 2), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 2), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 99), ERR_OK);
    assert_int_equal(fixture_unread(f->s, &bob), 2);
    fixture_expect(f->s2, &bob, &second, 1);
    fixture_expect(f->s2, &bob, &second, 3);
    fixture_expect_none(f->s2, &bob, &second);
    fixture_expect_none(f->s, &bob, &first);
}

static void many_ids_are_acknowledged_together(void **state)
{
    /* 200 ids in one call, some twice and some unknown: what is there goes, once. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct buf ids = BUF_INIT(100000);
    uint64_t unread = 0;
    for (unsigned i = 1; i <= 250; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 1; i <= 200; i++) {
        struct fixture_id id = fixture_id(i < 190 ? i : i < 195 ? 1 : 5000 + i);
        assert_int_equal(buf_append(&ids, id.text, FIELD_ID_LEN), ERR_OK);
    }
    assert_int_equal(store_ack(f->s, &bob, (const char *)ids.data, 200, &unread), ERR_OK);
    assert_int_equal(unread, 250 - 189);
    assert_int_equal(fixture_unread(f->s2, &bob), 250 - 189);
    struct store_cursor cursor = {0};
    fixture_expect(f->s2, &bob, &cursor, 190);
    assert_int_equal(store_ack(f->s, &bob, (const char *)ids.data, STORE_ACK_MAX + 1, &unread),
                     ERR_TOO_LARGE);
    ids.data[5] = 'G';
    assert_int_equal(store_ack(f->s, &bob, (const char *)ids.data, 1, &unread), ERR_MALFORMED);
    buf_free(&ids);
}

static void the_same_put_again_is_a_duplicate(void **state)
{
    /* Waiting or read, the same body under the same id is stored once; anything else is refused. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    fixture_register(f->s, "carol");
    assert_int_equal(fixture_put(f->s, "alice", "bob", 1, "text"), ERR_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fixture_put(f->s2, "alice", "bob", 1, "text"), ERR_DUPLICATE);
        assert_int_equal(fixture_put(f->s2, "alice", "bob", 1, "other"), ERR_EXISTS);
        assert_int_equal(fixture_put(f->s2, "mallory", "bob", 1, "text"), ERR_EXISTS);
        if (round == 0)
            assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
        if (round == 1)
            fixture_reopen(f);
    }
    assert_int_equal(fixture_unread(f->s, &bob), 0);
    assert_int_equal(fixture_put(f->s, "alice", "carol", 1, "text"), ERR_OK);
}

static void an_unknown_recipient_is_not_found(void **state)
{
    /* Nothing is stored for a name without account, and ids and names must be of their form. */
    struct fixture *f = *state;
    struct store_share share;
    fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "nobody", 1), ERR_NOT_FOUND);
    struct store_put put = {.recipient = "bob",
                            .sender = "alice",
                            .id = "short",
                            .body = SPAN("x")};
    assert_int_equal(store_put(f->s, &put, &share), ERR_MALFORMED);
    put.id = "0123456789abcdef0123456789abcdef";
    put.sender = "Not A Name";
    assert_int_equal(store_put(f->s, &put, &share), ERR_MALFORMED);
}

static void a_full_mailbox_refuses_and_drops_nothing(void **state)
{
    /* Quotas by messages: the sender's share first, then the mailbox; an ACK makes room again. */
    struct fixture *f = *state;
    const struct store_quota quota = {.messages = 4, .bytes = 1 << 20, .per_sender_percent = 50};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    struct store_share share;
    struct fixture_id id = fixture_id(9);
    struct store_put put = {.recipient = "bob", .sender = "a", .id = id.text, .body = SPAN("x")};
    assert_int_equal(fixture_put(s, "a", "bob", 1, "x"), ERR_OK);
    assert_int_equal(fixture_put(s, "a", "bob", 2, "x"), ERR_OK);
    assert_int_equal(store_put(s, &put, &share), ERR_FULL);
    assert_false(share.in_bytes);
    assert_int_equal(share.limit, 2);
    assert_int_equal(share.used, 2);
    assert_int_equal(fixture_put(s, "a", "bob", 2, "x"), ERR_DUPLICATE);
    assert_int_equal(fixture_put(s, "b", "bob", 3, "x"), ERR_OK);
    assert_int_equal(fixture_put(s, "c", "bob", 4, "x"), ERR_OK);
    put.sender = "d";
    assert_int_equal(store_put(s, &put, &share), ERR_FULL);
    assert_int_equal(share.used, 0);
    assert_int_equal(fixture_unread(s, &bob), 4);
    assert_int_equal(fixture_ack(s, &bob, 1), ERR_OK);
    put.sender = "a";
    assert_int_equal(store_put(s, &put, &share), ERR_OK);
    store_close(s);
}

static void bytes_are_counted_with_remembered_ids(void **state)
{
    /* Bodies and 64 bytes an id, in the sender's share too; the id's bytes stay when the message goes. */
    struct fixture *f = *state;
    const struct store_quota quota = {.messages = 1000, .bytes = 1000, .per_sender_percent = 50};
    struct store *s = fixture_open_with(f->store, &quota);
    struct store_login bob = fixture_register(s, "bob");
    struct store_share share;
    char body[437];
    memset(body, 'x', sizeof(body));
    struct fixture_id id = fixture_id(9);
    struct store_put put = {.recipient = "bob",
                            .sender = "a",
                            .id = id.text,
                            .body = span_of(body, 437)};
    assert_int_equal(store_put(s, &put, &share), ERR_FULL);
    assert_true(share.in_bytes);
    assert_int_equal(share.limit, 500);
    assert_int_equal(share.used, 0);
    put.body.len = 436;
    assert_int_equal(store_put(s, &put, &share), ERR_OK);
    assert_int_equal(fixture_put(s, "a", "bob", 1, ""), ERR_FULL);
    assert_int_equal(fixture_ack(s, &bob, 9), ERR_OK);
    id = fixture_id(10);
    put.body.len = 372;
    assert_int_equal(store_put(s, &put, &share), ERR_OK);
    id = fixture_id(11);
    put.body.len = 0;
    assert_int_equal(store_put(s, &put, &share), ERR_FULL);
    assert_int_equal(share.used, 500);
    store_close(s);
}

/* ---- cursors, counts, lists ---- */

static void counts_tell_what_a_session_was_not_given(void **state)
{
    /* Unread counts all; ungiven only what this cursor wasn't given, whoever removes what. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    uint64_t unread;
    uint64_t ungiven;
    for (unsigned i = 1; i <= 100; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 1; i <= 60; i++)
        fixture_expect(f->s, &bob, &cursor, i);
    assert_int_equal(store_count(f->s, &bob, &cursor, &unread, &ungiven), ERR_OK);
    assert_int_equal(unread, 100);
    assert_int_equal(ungiven, 40);
    for (unsigned i = 10; i <= 70; i++)
        assert_int_equal(fixture_ack(f->s2, &bob, i), ERR_OK);
    assert_int_equal(store_count(f->s, &bob, &cursor, &unread, &ungiven), ERR_OK);
    assert_int_equal(unread, 39);
    assert_int_equal(ungiven, 30);
    fixture_expect(f->s, &bob, &cursor, 71);
    assert_int_equal(fixture_put_n(f->s2, "bob", 101), ERR_OK);
    assert_int_equal(store_count(f->s, &bob, &cursor, &unread, &ungiven), ERR_OK);
    assert_int_equal(unread, 40);
    assert_int_equal(ungiven, 30);
}

static void removals_in_any_order_keep_the_order(void **state)
{
    /* Against a simple model: 3000 random puts, acks, reads and counts by two handles. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    static bool waiting[4000];
    unsigned next = 1;
    unsigned count = 0;
    unsigned given = 0; /* the cursor's last */
    struct store_cursor cursor = {0};
    memset(waiting, 0, sizeof(waiting));
    uint64_t seed = 7;
    for (int step = 0; step < 3000; step++) {
        struct store *s = fixture_random(&seed, 4) ? f->s : f->s2;
        unsigned what = fixture_random(&seed, 10);
        if (what < 5) {
            enum err e = fixture_put_n(s, "bob", next);
            assert_int_equal(e, count < 500 ? ERR_OK : ERR_FULL);
            if (!e) {
                waiting[next++] = true;
                count++;
            }
        } else if (what < 8) {
            unsigned n = fixture_random(&seed, next);
            assert_int_equal(fixture_ack(s, &bob, n), ERR_OK);
            count -= waiting[n];
            waiting[n] = false;
        } else if (what < 9) {
            unsigned n = given + 1;
            while (n < next && !waiting[n])
                n++;
            if (n < next) {
                fixture_expect(s, &bob, &cursor, n);
                given = n;
            } else {
                fixture_expect_none(s, &bob, &cursor);
            }
        } else {
            uint64_t unread;
            uint64_t ungiven;
            uint64_t expected = 0;
            for (unsigned n = given + 1; n < next; n++)
                expected += waiting[n];
            assert_int_equal(store_count(s, &bob, &cursor, &unread, &ungiven), ERR_OK);
            assert_int_equal(unread, count);
            assert_int_equal(ungiven, expected);
        }
        if (step % 1000 == 999)
            cursor = (struct store_cursor){.after = given = 0};
    }
}

static void a_list_shows_the_earliest(void **state)
{
    /* As many as asked for, in order, without bodies; the count is of all. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_item items[50];
    struct store_listing listing = {.items = items, .max = 50};
    assert_int_equal(store_list(f->s, &bob, &listing), ERR_OK);
    assert_int_equal(listing.n, 0);
    for (unsigned i = 1; i <= 70; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    assert_int_equal(store_list(f->s2, &bob, &listing), ERR_OK);
    assert_int_equal(listing.n, 50);
    assert_int_equal(listing.unread, 69);
    for (unsigned i = 0; i < 50; i++) {
        struct fixture_id id = fixture_id(i + 2);
        assert_string_equal(items[i].id, id.text);
        assert_string_equal(items[i].sender, "sender");
        assert_int_equal(items[i].bytes, i + 2 < 10 ? 6 : 7);
    }
}

static void two_sessions_are_each_given_every_message(void **state)
{
    /* What one session was given the other is given too, until somebody acknowledges it. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor one = {0};
    struct store_cursor two = {0};
    for (unsigned i = 1; i <= 5; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    fixture_expect(f->s, &bob, &one, 1);
    fixture_expect(f->s2, &bob, &two, 1);
    assert_int_equal(fixture_ack(f->s, &bob, 1), ERR_OK);
    assert_int_equal(fixture_ack(f->s2, &bob, 1), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &bob, 3), ERR_OK);
    fixture_expect(f->s2, &bob, &two, 2);
    fixture_expect(f->s2, &bob, &two, 4);
    fixture_expect(f->s, &bob, &one, 2);
    assert_int_equal(fixture_unread(f->s, &bob), 3);
}

static void a_mailbox_emptied_again_and_again_stays_right(void **state)
{
    /* Sequence numbers go on over emptied mailboxes. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct store_cursor cursor = {0};
    for (unsigned i = 1; i <= 150; i++) {
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
        fixture_expect(f->s2, &bob, &cursor, i);
        assert_int_equal(fixture_ack(f->s2, &bob, i), ERR_OK);
        assert_int_equal(fixture_unread(f->s, &bob), 0);
    }
}

static void mailboxes_do_not_mix(void **state)
{
    /* 40 accounts in 40 places of the store: each gets its own messages. */
    struct fixture *f = *state;
    struct store_login logins[40];
    for (unsigned i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "user-%u", i);
        logins[i] = fixture_register(f->s, name);
        assert_int_equal(fixture_put_n(f->s, name, i), ERR_OK);
    }
    for (unsigned i = 0; i < 40; i++) {
        struct store_cursor cursor = {0};
        fixture_expect(f->s2, &logins[i], &cursor, i);
        fixture_expect_none(f->s2, &logins[i], &cursor);
    }
}

static void a_watch_tells_of_a_change(void **state)
{
    /* Quiet, then readable after another handle's put, then quiet again. */
    struct fixture *f = *state;
    fixture_register(f->s, "bob");
    int fd = store_watch(f->s, "bob");
    if (fd < 0)
        skip();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    store_watch_clear(f->s);
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(fixture_put_n(f->s2, "bob", 1), ERR_OK);
    assert_int_equal(poll(&p, 1, 5000), 1);
    store_watch_clear(f->s);
    assert_int_equal(poll(&p, 1, 0), 0);
}

static void host_key_and_secret_stay(void **state)
{
    /* Every handle of a store has the same host key and secret; another store has others. */
    struct fixture *f = *state;
    char other[256];
    const struct host_key *key = store_host_key(f->s);
    assert_memory_equal(key->seed, store_host_key(f->s2)->seed, sizeof(key->seed));
    assert_memory_equal(key->public_key, store_host_key(f->s2)->public_key, HOST_KEY_LEN);
    assert_memory_equal(store_secret(f->s), store_secret(f->s2), STORE_SECRET_LEN);
    snprintf(other, sizeof(other), "%s/other", f->root);
    struct store *s = fixture_open_with(other, &fixture_quota);
    assert_memory_not_equal(key->seed, store_host_key(s)->seed, sizeof(key->seed));
    assert_memory_not_equal(store_secret(f->s), store_secret(s), STORE_SECRET_LEN);
    store_close(s);
    store_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(an_account_comes_back_as_it_was_stored),
        FIXTURE_TEST(the_largest_account_fits),
        FIXTURE_TEST(a_name_is_registered_once),
        FIXTURE_TEST(a_change_ends_older_logins),
        FIXTURE_TEST(a_deleted_name_stays_reserved),
        FIXTURE_TEST(messages_come_first_in_first_out),
        FIXTURE_TEST(bodies_of_every_size_come_back),
        FIXTURE_TEST(what_was_not_acknowledged_is_given_again),
        FIXTURE_TEST(many_ids_are_acknowledged_together),
        FIXTURE_TEST(the_same_put_again_is_a_duplicate),
        FIXTURE_TEST(an_unknown_recipient_is_not_found),
        FIXTURE_TEST(a_full_mailbox_refuses_and_drops_nothing),
        FIXTURE_TEST(bytes_are_counted_with_remembered_ids),
        FIXTURE_TEST(counts_tell_what_a_session_was_not_given),
        FIXTURE_TEST(removals_in_any_order_keep_the_order),
        FIXTURE_TEST(a_list_shows_the_earliest),
        FIXTURE_TEST(two_sessions_are_each_given_every_message),
        FIXTURE_TEST(a_mailbox_emptied_again_and_again_stays_right),
        FIXTURE_TEST(mailboxes_do_not_mix),
        FIXTURE_TEST(a_watch_tells_of_a_change),
        FIXTURE_TEST(host_key_and_secret_stay),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
