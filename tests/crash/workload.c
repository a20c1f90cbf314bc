/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uses a store as sessions do, and writes down what it was told (books.h says how).
 *
 * Usage: workload STORE TOLD [seed=N] [writer=N] [ops=N] [users=N] [own=N] [group=N] [clock=1] [seconds=N]
 *                            [compact=PERCENT] [empty=1]
 *
 * The environment can have it die at a named point (points.h).
 *
 * Invariant: a result is written only after store_settle has returned for the handle that it came from. With
 * own=N it reads, and changes, only user N's account, as one of a crowd; without, everybody's, through two
 * handles by turns. Exits with 0 whatever the store answered; only a call that hangs or kills it is bad. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "store/gdbm/compact.h"
#include "tests/crash/books.h"
#include "tests/crash/guests.h"
#include "tests/crash/points.h"

#include "base/banned.h"

#define USERS   200
#define PENDING 16
#define ALL     UINT64_MAX

struct user {
    char name[FIELD_USER_SIZE];
    struct store_login login;
    struct store_cursor cursor;
    char given[BOOKS_IDS][FIELD_ID_SIZE]; /* to acknowledge */
    unsigned given_count;
    bool is_deleted;
};

struct pending {
    uint64_t number; /* of the call; 0 for a message given */
    bool is_ok;
    char text[100];
};

struct workload {
    const char *path;
    int told;
    uint64_t seed, writer, ops, users, own, group, clock, seconds;
    uint64_t empty;   /* only reads and acknowledges */
    uint64_t compact; /* percent of steps after which a log is compacted */
    struct store *stores[2];
    struct pending pending[2][PENDING];
    unsigned pending_count[2];
    unsigned handle; /* that this call goes to */
    uint64_t calls;
    uint32_t puts;
    bool is_issued[GUESTS_INVITATIONS];
    struct user *last; /* that something was put for */
    struct user user[USERS];
};

static uint64_t below(struct workload *w, uint64_t n)
{
    return books_random(&w->seed) % n;
}

static void say(const struct workload *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct workload *w, const char *format, ...)
{
    char line[BOOKS_IDS * FIELD_ID_SIZE + 200];
    va_list values;
    va_start(values, format);
    int n = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    books_require(write(w->told, line, (size_t)n) == n);
}

static struct store *open_store(const struct workload *w)
{
    char message[512];
    struct store *store = NULL;
    if (store_open(&store, w->path, &books_quota, message, sizeof(message)))
        fprintf(stderr, "%s\n", message);
    return store;
}

/* A session that a settle has failed for ends: another begins. */
static void settle(struct workload *w, unsigned handle)
{
    if (w->stores[handle] == NULL)
        return;
    points_doing("settle");
    enum err e = store_settle(w->stores[handle]);
    for (unsigned i = 0; i < w->pending_count[handle]; i++) {
        const struct pending *p = &w->pending[handle][i];
        if (p->number != 0)
            say(w, "= %" PRIu64 " %s\n", p->number, e ? "unknown" : p->is_ok ? "ok" : "no");
        else if (!e)
            say(w, "g %s\n", p->text);
    }
    w->pending_count[handle] = 0;
    if (e) {
        store_close(w->stores[handle]);
        w->stores[handle] = open_store(w);
    }
}

static void expect(struct workload *w, enum err e, uint64_t number)
{
    struct pending *p = &w->pending[w->handle][w->pending_count[w->handle]++];
    *p = (struct pending){.number = number, .is_ok = e == ERR_OK || e == ERR_DUPLICATE};
    if (w->pending_count[w->handle] == PENDING)
        settle(w, w->handle);
}

static struct store *store_of(struct workload *w)
{
    return w->stores[w->handle];
}

static uint64_t new_check(const struct workload *w)
{
    return w->writer << 32 | (w->calls + 1);
}

/* Logs in, or registers if there is no such account. */
static void enter(struct workload *w, struct user *u)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    points_doing("log in");
    enum err e = store_account_get(store_of(w), u->name, &a);
    if (e == ERR_NOT_FOUND && !u->is_deleted) {
        points_doing("register");
        uint64_t check = new_check(w);
        books_set_check(&a, check);
        say(w, "+ %" PRIu64 " register %s %" PRIx64 "\n", ++w->calls, u->name, check);
        e = store_account_create(store_of(w), u->name, &a);
        expect(w, e, w->calls);
    }
    u->is_deleted |= e == ERR_EXISTS;
    u->login = (struct store_login){.version = e ? 0 : a.version};
    snprintf(u->login.user, sizeof(u->login.user), "%s", u->name);
    u->cursor = (struct store_cursor){0};
    u->given_count = 0;
    store_account_free(&a);
}

static void put(struct workload *w, struct user *u, uint32_t number)
{
    char id[FIELD_ID_SIZE];
    char sender[FIELD_USER_SIZE];
    struct buf body = BUF_INIT(100000);
    struct store_share share;
    w->last = u;
    books_id(id, (uint32_t)w->writer, number);
    books_body(&body, id);
    snprintf(sender, sizeof(sender), "writer%" PRIu64, w->writer);
    const struct store_put message = {.recipient = u->name,
                                      .sender = sender,
                                      .id = id,
                                      .is_signed = true,
                                      .body = buf_span(&body)};
    points_doing("put");
    say(w, "+ %" PRIu64 " put %s %s\n", ++w->calls, u->name, id);
    enum err e = store_put(store_of(w), &message, &share);
    if (e == ERR_EXISTS || e == ERR_FULL)
        say(w, "! put %s %s: %s\n", u->name, id, err_text(e));
    expect(w, e, w->calls);
    buf_free(&body);
}

static void note_given(struct workload *w, struct user *u, const struct store_item *item,
                       const struct buf *body)
{
    struct buf right = BUF_INIT(100000);
    books_body(&right, item->id);
    if (!span_equal(buf_span(&right), buf_span(body)))
        say(w, "! %s was given %s changed\n", u->name, item->id);
    buf_free(&right);
    snprintf(u->given[u->given_count++], FIELD_ID_SIZE, "%s", item->id);
    expect(w, ERR_OK, 0);
    if (w->pending_count[w->handle] > 0)
        snprintf(w->pending[w->handle][w->pending_count[w->handle] - 1].text,
                 sizeof(w->pending[0][0].text), "%" PRIu64 " %s %s", w->calls, u->name, item->id);
}

static void read_some(struct workload *w, struct user *u)
{
    struct buf body = BUF_INIT(100000);
    struct store_item item;
    if (w->pending_count[w->handle] > PENDING / 2)
        settle(w, w->handle);
    points_doing("read");
    for (uint64_t n = below(w, 4); n > 0 && u->given_count < BOOKS_IDS && store_of(w) != NULL;
         n--) {
        buf_clear(&body);
        enum err e = store_next(store_of(w), &u->login, &u->cursor, &item, &body);
        if (e == ERR_DENIED)
            u->login.version = 0;
        if (e)
            break;
        note_given(w, u, &item, &body);
    }
    buf_free(&body);
}

static void acknowledge(struct workload *w, struct user *u)
{
    char ids[BOOKS_IDS * FIELD_ID_LEN + 1] = "";
    char spaced[BOOKS_IDS * FIELD_ID_SIZE + 1] = "";
    uint64_t unread = 0;
    unsigned n = u->given_count;
    if (n == 0)
        return;
    for (unsigned i = 0; i < n; i++) {
        memcpy(ids + i * FIELD_ID_LEN, u->given[i], FIELD_ID_LEN);
        snprintf(spaced + i * FIELD_ID_SIZE, sizeof(spaced) - i * FIELD_ID_SIZE, " %s",
                 u->given[i]);
    }
    points_doing("ack");
    say(w, "+ %" PRIu64 " ack %s%s\n", ++w->calls, u->name, spaced);
    enum err e = store_ack(store_of(w), &u->login, ids, n, &unread);
    expect(w, e, w->calls);
    if (e)
        u->login.version = 0;
    u->given_count = 0;
}

static void change_password(struct workload *w, struct user *u)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    uint64_t check = new_check(w);
    points_doing("password");
    if (store_account_get(store_of(w), u->name, &a) == ERR_OK) {
        books_set_check(&a, check);
        say(w, "+ %" PRIu64 " password %s %" PRIx64 "\n", ++w->calls, u->name, check);
        enum err e = store_account_change(store_of(w), u->name, &a);
        expect(w, e, w->calls);
        u->login.version = e ? 0 : a.version;
    }
    store_account_free(&a);
}

static void delete_user(struct workload *w, struct user *u)
{
    points_doing("delete");
    say(w, "+ %" PRIu64 " delete %s\n", ++w->calls, u->name);
    enum err e = store_account_delete(store_of(w), u->name, u->login.version);
    expect(w, e, w->calls);
    u->is_deleted = e == ERR_OK;
}

static void look(struct workload *w, const struct user *u)
{
    struct store_item items[8];
    struct store_listing listing = {.items = items, .max = 8};
    points_doing("list");
    enum err e = store_list(store_of(w), &u->login, &listing);
    if (!e && listing.n > listing.unread)
        say(w, "! list of %s: %zu of %" PRIu64 "\n", u->name, listing.n, listing.unread);
}

static void jump(const struct workload *w)
{
    static bool is_far;
    is_far = !is_far;
    if (w->clock)
        setenv("FAULTS_CLOCK", is_far ? "378691200" : "0", 1); /* twelve years on */
}

static void reopen(struct workload *w)
{
    settle(w, w->handle);
    store_close(w->stores[w->handle]);
    w->stores[w->handle] = open_store(w);
}

/* Now, where it wouldn't be due for a megabyte yet; or where it is. */
static void compact(struct workload *w, const struct user *u)
{
    struct gdbm_store *k = keeper_of(store_of(w));
    const struct compact_order order = {.is_forced = true};
    struct compact_outcome outcome;
    unsigned shard = keys_shard(&k->keys, u->name, k->directory.shard_count);
    points_doing("compact");
    enum err e = compact_shard(k, shard, &order, &outcome);
    if (e == ERR_DAMAGED)
        say(w, "! compaction of %u: %s\n", shard, err_text(e));
}

static void maintain(struct workload *w)
{
    settle(w, w->handle);
    points_doing("maintain");
    if (w->stores[w->handle] != NULL)
        store_maintain(w->stores[w->handle]);
}

/* Makes an invitation, or has somebody register by it. */
static void invite(struct workload *w)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    unsigned number = (unsigned)below(w, GUESTS_INVITATIONS);
    const struct guests_text token = guests_invitation(number);
    const struct guests_text guest = guests_name(number, (unsigned)below(w, GUESTS_NAMES));
    if (!w->is_issued[number]) {
        points_doing("invite");
        say(w, "+ %" PRIu64 " invite %s\n", ++w->calls, token.text);
        enum err e = guests_invite(store_of(w), number);
        w->is_issued[number] = !e;
        expect(w, e, w->calls);
    } else {
        points_doing("admit");
        books_set_check(&a, new_check(w));
        say(w, "+ %" PRIu64 " register %s %" PRIx64 "\n", ++w->calls, guest.text, books_check(&a));
        expect(w, store_account_create_admitted(store_of(w), guest.text, span_str(token.text), &a),
               w->calls);
        store_account_free(&a);
    }
}

static void step(struct workload *w)
{
    struct user *u = &w->user[below(w, w->users)];
    struct user *mine = w->own == ALL ? u : &w->user[w->own];
    uint64_t dice = w->empty ? 53 + below(w, 30) : below(w, 100);
    w->handle = w->own == ALL ? (unsigned)below(w, 2) : 0;
    if (w->stores[w->handle] == NULL)
        w->stores[w->handle] = open_store(w);
    if (w->stores[w->handle] == NULL)
        return;
    if (mine->login.version == 0)
        enter(w, mine);
    if (dice < 45)
        put(w, u, ++w->puts);
    else if (dice < 53 && w->puts > 0)
        put(w, w->last, w->puts); /* again */
    else if (dice < 73)
        read_some(w, mine);
    else if (dice < 83)
        acknowledge(w, mine);
    else if (dice < 88)
        change_password(w, mine);
    else if (dice < 91)
        look(w, mine);
    else if (dice < 95)
        reopen(w);
    else if (dice < 97 && mine - w->user >= 4 && w->own == ALL)
        delete_user(w, mine);
    else if (dice < 98)
        w->clock ? jump(w) : maintain(w);
    if (w->own == ALL && !w->empty && below(w, 100) < 8 && store_of(w) != NULL)
        invite(w);
    if (below(w, 100) < w->compact && store_of(w) != NULL)
        compact(w, mine);
    if (w->pending_count[w->handle] >= w->group)
        settle(w, w->handle);
}

static void parse(struct workload *w, int argc, char **argv)
{
    const struct {
        const char *name;
        uint64_t *value;
    } options[] = {{"seed", &w->seed},   {"writer", &w->writer},   {"ops", &w->ops},
                   {"users", &w->users}, {"own", &w->own},         {"group", &w->group},
                   {"clock", &w->clock}, {"seconds", &w->seconds}, {"compact", &w->compact},
                   {"empty", &w->empty}};
    for (int i = 3; i < argc; i++)
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
            books_option(argv[i], options[k].name, options[k].value);
    books_require(w->users > 0 && w->users <= USERS && w->group > 0);
}

int main(int argc, char **argv)
{
    static struct workload w = {.writer = 1, .ops = 60, .users = 5, .own = ALL, .group = 3};
    books_require(argc >= 3 && crypto_init(0) == ERR_OK);
    w.path = argv[1];
    w.told = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    books_require(w.told >= 0);
    parse(&w, argc, argv);
    points_begin();
    for (unsigned i = 0; i < w.users; i++)
        snprintf(w.user[i].name, sizeof(w.user[i].name), "user%u", i);
    uint64_t deadline = w.seconds == 0 ? ALL : clock_monotonic_ms() + 1000 * w.seconds;
    for (uint64_t i = 0; (i < w.ops || w.seconds > 0) && clock_monotonic_ms() < deadline; i++)
        step(&w);
    for (unsigned i = 0; i < 2; i++) {
        settle(&w, i);
        store_close(w.stores[i]);
    }
    return 0;
}
