/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Balances the books: what a store holds against what its users were told.
 *
 * Usage: audit STORE [known=BYTES] [look=1] TOLD...
 *
 * Prints a line `kind: text` for each thing that isn't right: missing, changed, twice, order, ghost (never
 * sent), back (removed and there again), split (half an acknowledgement), account, count, check (what
 * operate_check finds), guests (more accounts than uses of an invitation), failed (a call's error). Then the store must go on working; with look=1 it is only
 * read. Exit status: 0 all well, 1 not, 2 the store doesn't open. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "store/operate.h"
#include "tests/crash/books.h"
#include "tests/crash/guests.h"
#include "tests/crash/points.h"

#include "base/banned.h"

#define WRITERS 4096

/* Nobody else has this number. */
#define AUDITOR 0xaaaa

struct audit {
    const char *path;
    struct store *store;
    struct books books;
    bool is_look;
    uint32_t latest[WRITERS]; /* the number of each writer's last message in this mailbox */
};

static bool is_right(struct audit *a, enum err e, const char *call, const char *user)
{
    enum err settled = store_settle(a->store);
    if (e || settled)
        books_complain(&a->books, "failed", "%s of %s: %s", call, user, err_text(e ? e : settled));
    return !e && !settled;
}

static bool open_store(struct audit *a)
{
    char message[512];
    enum err e = store_open(&a->store, a->path, &books_quota, message, sizeof(message));
    if (e)
        printf("open: %s: %s\n", err_text(e), message);
    return !e;
}

/* ---- accounts ---- */

static void check_found(struct audit *a, const struct books_user *u,
                        const struct store_account *account)
{
    bool is_known = u->has_more;
    for (unsigned i = 0; i < u->check_count; i++)
        is_known |= u->checks[i] == books_check(account);
    if (!is_known)
        books_complain(&a->books, "account", "%s has the password %" PRIx64, u->name,
                       books_check(account));
    if (u->made == TOLD_NOTHING || u->deleted == TOLD_OK)
        books_complain(&a->books, "account", "%s is there", u->name);
}

static void check_gone(struct audit *a, const struct books_user *u)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    if (u->made == TOLD_OK && u->deleted == TOLD_NOTHING)
        books_complain(&a->books, "missing", "account %s", u->name);
    if (u->deleted == TOLD_OK && !a->is_look) {
        enum err e = store_account_create(a->store, u->name, &account);
        if (e != ERR_EXISTS)
            books_complain(&a->books, "account", "deleted %s: %s", u->name, err_text(e));
    }
    store_account_free(&account);
}

/* Whether the account is there, and is what it should be. */
static bool check_account(struct audit *a, const struct books_user *u, struct store_login *login)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    enum err e = store_account_get(a->store, u->name, &account);
    *login = (struct store_login){.version = account.version};
    snprintf(login->user, sizeof(login->user), "%s", u->name);
    if (!e)
        check_found(a, u, &account);
    else if (e == ERR_NOT_FOUND)
        check_gone(a, u);
    else
        is_right(a, e, "get", u->name);
    store_account_free(&account);
    return !e;
}

/* ---- messages ---- */

static void check_order(struct audit *a, const struct store_item *item)
{
    uint32_t *latest = &a->latest[books_writer(item->id) % WRITERS];
    if (books_number(item->id) < *latest)
        books_complain(&a->books, "order", "%s after number %u", item->id, (unsigned)*latest);
    *latest = books_number(item->id);
}

static void check_message(struct audit *a, const char *user, const struct store_item *item,
                          const struct buf *body)
{
    struct buf right = BUF_INIT(100000);
    struct books_message *m = books_find(&a->books, item->id);
    books_body(&right, item->id);
    if (!span_equal(buf_span(&right), buf_span(body)) || item->bytes != body->len)
        books_complain(&a->books, "changed", "%s of %s", item->id, user);
    if (m == NULL || m->put == TOLD_NO || strcmp(a->books.users[m->user].name, user) != 0)
        books_complain(&a->books, "ghost", "%s of %s%s", item->id, user,
                       m == NULL ? "" : ", whose sender was told no");
    else if (m->ack == TOLD_OK)
        books_complain(&a->books, "back", "%s of %s", item->id, user);
    if (m != NULL && m->seen++ > 0)
        books_complain(&a->books, "twice", "%s of %s", item->id, user);
    check_order(a, item);
    buf_free(&right);
}

static uint64_t read_all(struct audit *a, const struct store_login *login)
{
    struct store_cursor cursor = {0};
    struct store_item item;
    struct buf body = BUF_INIT(100000);
    uint64_t n = 0;
    unsigned damaged = 0;
    memset(a->latest, 0, sizeof(a->latest));
    for (;;) {
        buf_clear(&body);
        enum err e = store_next(a->store, login, &cursor, &item, &body);
        if (e == ERR_NOT_FOUND)
            break;
        if (!is_right(a, e, "next", login->user)) {
            if (e != ERR_DAMAGED || ++damaged > 3)
                break;
            continue;
        }
        n++;
        check_message(a, login->user, &item, &body);
    }
    buf_free(&body);
    return n;
}

static void check_counts(struct audit *a, const struct store_login *login, uint64_t n)
{
    uint64_t unread = 0;
    uint64_t ungiven = 0;
    enum err e = store_count(a->store, login, NULL, &unread, &ungiven);
    if (is_right(a, e, "count", login->user) && unread != n)
        books_complain(&a->books, "count", "%s has %" PRIu64 " of %" PRIu64, login->user, n,
                       unread);
}

static void check_missing(struct audit *a, unsigned user, bool is_there)
{
    bool may_be_gone = a->books.users[user].deleted != TOLD_NOTHING;
    if (!is_there && may_be_gone)
        return;
    for (unsigned i = 0; i < a->books.message_count; i++) {
        const struct books_message *m = &a->books.messages[i];
        if (m->user == user && m->put == TOLD_OK && m->ack == TOLD_NOTHING && m->seen == 0)
            books_complain(&a->books, "missing", "%s of %s", m->id, a->books.users[user].name);
    }
}

/* What was acknowledged together is gone together. */
static void check_split(struct audit *a, unsigned user)
{
    const struct books_message *first = NULL;
    for (unsigned i = 0; i < a->books.message_count; i++) {
        const struct books_message *m = &a->books.messages[i];
        if (m->user != user || m->put != TOLD_OK || m->ack != TOLD_MAYBE || m->acks != 1)
            continue;
        if (first != NULL && first->ack_group == m->ack_group && first->seen != m->seen)
            books_complain(&a->books, "split", "%s and %s", first->id, m->id);
        first = m;
    }
}

/* ---- it goes on ---- */

static enum err put(struct audit *a, const char *user, const char *id)
{
    struct store_share share;
    struct buf body = BUF_INIT(100000);
    char sender[FIELD_USER_SIZE];
    books_body(&body, id);
    snprintf(sender, sizeof(sender), "writer%u", (unsigned)books_writer(id));
    const struct store_put message = {.recipient = user,
                                      .sender = sender,
                                      .id = id,
                                      .is_signed = true,
                                      .body = buf_span(&body)};
    enum err e = store_put(a->store, &message, &share);
    enum err settled = store_settle(a->store);
    buf_free(&body);
    return settled ? settled : e;
}

/* Who sends again what was accepted, read or not, is told that it's a duplicate. */
static void put_again(struct audit *a, unsigned user)
{
    const char *name = a->books.users[user].name;
    unsigned n = 0;
    for (unsigned i = 0; i < a->books.message_count && n < 20; i++) {
        const struct books_message *m = &a->books.messages[i];
        if (m->user != user || m->put != TOLD_OK)
            continue;
        enum err e = put(a, name, m->id);
        if (e != ERR_DUPLICATE)
            books_complain(&a->books, e ? "failed" : "twice", "%s of %s sent again: %s", m->id,
                           name, err_text(e));
        n++;
    }
}

static void remove_all(struct audit *a, const struct store_login *login)
{
    struct store_item items[100];
    char ids[100 * FIELD_ID_LEN + 1];
    uint64_t unread = 1;
    for (unsigned rounds = 0; unread > 0 && rounds < 10000; rounds++) {
        struct store_listing listing = {.items = items, .max = 100};
        enum err e = store_list(a->store, login, &listing);
        if (!is_right(a, e, "list", login->user))
            return;
        for (size_t i = 0; i < listing.n; i++)
            memcpy(ids + i * FIELD_ID_LEN, items[i].id, FIELD_ID_LEN);
        e = store_ack(a->store, login, ids, listing.n, &unread);
        if (!is_right(a, e, "ack", login->user))
            return;
    }
    if (unread > 0)
        books_complain(&a->books, "count", "%s can't be emptied: %" PRIu64, login->user, unread);
}

static void go_on(struct audit *a, unsigned user, const struct store_login *login)
{
    char id[FIELD_ID_SIZE];
    struct store_cursor cursor = {0};
    struct store_item item;
    struct buf body = BUF_INIT(100000);
    put_again(a, user);
    remove_all(a, login);
    books_id(id, AUDITOR, user + 1);
    if (is_right(a, put(a, login->user, id), "put", login->user)) {
        enum err e = store_next(a->store, login, &cursor, &item, &body);
        if (is_right(a, e, "next", login->user) && strcmp(item.id, id) != 0)
            books_complain(&a->books, "order", "%s was given %s", login->user, item.id);
    }
    buf_free(&body);
}

static void audit_user(struct audit *a, unsigned user)
{
    struct store_login login;
    if (strncmp(a->books.users[user].name, "invitation.", 11) == 0)
        return; /* guests_audit */
    bool is_there = check_account(a, &a->books.users[user], &login);
    if (is_there)
        check_counts(a, &login, read_all(a, &login));
    check_missing(a, user, is_there);
    check_split(a, user);
    if (is_there && !a->is_look)
        go_on(a, user, &login);
}

static void register_somebody(struct audit *a)
{
    for (unsigned i = 0; i < 3; i++) {
        struct store_account account = STORE_ACCOUNT_INIT;
        char name[FIELD_USER_SIZE];
        snprintf(name, sizeof(name), "auditor%u", i);
        enum err e = store_account_create(a->store, name, &account);
        is_right(a, e == ERR_EXISTS ? ERR_OK : e, "create", name);
        store_account_free(&account);
    }
}

/* What `secmsg-admin check` does. */
static void check_shards(struct audit *a)
{
    for (unsigned i = 0; i < operate_shard_count(a->store); i++) {
        struct operate_check check;
        enum err e = operate_check(a->store, i, false, &check);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            books_complain(&a->books, "check", "shard %u: %s", i, err_text(e));
        if (!e && check.verdict != OPERATE_CLEAN)
            books_complain(&a->books, "check",
                           "shard %u: %" PRIu64 " records lost, %" PRIu64 " differences", i,
                           check.lost_records, check.differences);
    }
}

int main(int argc, char **argv)
{
    static struct audit a;
    uint64_t known = 0;
    if (argc < 2 || crypto_init(0))
        return 2;
    a.path = argv[1];
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "known=", 6) == 0)
            known = strtoull(argv[i] + 6, NULL, 10);
        else if (strcmp(argv[i], "look=1") == 0)
            a.is_look = true;
        else
            books_read(&a.books, argv[i], known);
    }
    books_close(&a.books);
    points_begin();
    if (!open_store(&a))
        return 2;
    for (unsigned i = 0; i < a.books.user_count; i++)
        audit_user(&a, i);
    guests_audit(&a.books, a.store);
    if (!a.is_look)
        register_somebody(&a);
    points_doing("check");
    check_shards(&a);
    store_close(a.store);
    books_free(&a.books);
    return a.books.wrong > 0 ? 1 : 0;
}
