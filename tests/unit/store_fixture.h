/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_fixture.h: a store in a directory of the test's own, and short words for what tests do to one. */
#ifndef SECMSG_TESTS_UNIT_STORE_FIXTURE_H
#define SECMSG_TESTS_UNIT_STORE_FIXTURE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "store/store.h"

#define FIXTURE_UNUSED __attribute__((unused))

struct fixture {
    char root[200];   /* removed with all that is in it */
    char store[256];  /* where the store is */
    struct store *s;  /* one handle, and */
    struct store *s2; /* another, as another process would have */
};

static const struct store_quota fixture_quota = {.messages = 1000,
                                                 .bytes = 1000000,
                                                 .per_sender_percent = 50,
                                                 .retention_days = 0};

static struct store *fixture_open_with(const char *path, const struct store_quota *quota)
{
    char message[512] = "";
    struct store *s = NULL;
    enum err e = store_open(&s, path, quota, message, sizeof(message));
    if (e)
        fail_msg("store_open: %s: %s", err_text(e), message);
    return s;
}

static FIXTURE_UNUSED struct store *fixture_open(const struct fixture *f)
{
    return fixture_open_with(f->store, &fixture_quota);
}

/* Once for all tests of a program. */
static FIXTURE_UNUSED int fixture_start(void **state)
{
    (void)state;
    return crypto_init(0) == ERR_OK ? 0 : -1;
}

static FIXTURE_UNUSED int fixture_enter(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    const char *base = getenv("TMPDIR");
    snprintf(f->root, sizeof(f->root), "%s/secmsg-store-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(f->root) == NULL)
        return -1;
    snprintf(f->store, sizeof(f->store), "%s/store", f->root);
    f->s = fixture_open(f);
    f->s2 = fixture_open(f);
    return 0;
}

static int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static FIXTURE_UNUSED int fixture_leave(void **state)
{
    struct fixture *f = *state;
    store_close(f->s);
    store_close(f->s2);
    int failed = nftw(f->root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return failed;
}

static FIXTURE_UNUSED void fixture_reopen(struct fixture *f)
{
    store_close(f->s);
    store_close(f->s2);
    f->s = fixture_open(f);
    f->s2 = fixture_open(f);
}

/* Registers a name and logs it in. */
static FIXTURE_UNUSED struct store_login fixture_register(struct store *s, const char *user)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    struct store_login login = {0};
    memset(a.salt, 's', sizeof(a.salt));
    memset(a.check, 'c', sizeof(a.check));
    assert_int_equal(store_account_create(s, user, &a), ERR_OK);
    assert_int_equal(store_settle(s), ERR_OK);
    snprintf(login.user, sizeof(login.user), "%s", user);
    login.version = a.version;
    store_account_free(&a);
    return login;
}

/* The id number n, as 32 hex digits. */
struct fixture_id {
    char text[FIELD_ID_SIZE];
};

static FIXTURE_UNUSED struct fixture_id fixture_id(unsigned n)
{
    struct fixture_id id;
    snprintf(id.text, sizeof(id.text), "%032x", n);
    return id;
}

static FIXTURE_UNUSED enum err fixture_put(struct store *s, const char *from, const char *to,
                                           unsigned n, const char *body)
{
    struct fixture_id id = fixture_id(n);
    struct store_share share;
    const struct store_put put = {.recipient = to,
                                  .sender = from,
                                  .id = id.text,
                                  .is_signed = true,
                                  .body = span_str(body)};
    enum err e = store_put(s, &put, &share);
    enum err settled = store_settle(s);
    return settled ? settled : e;
}

/* Puts message n with the body "body <n>". */
static FIXTURE_UNUSED enum err fixture_put_n(struct store *s, const char *to, unsigned n)
{
    char body[32];
    snprintf(body, sizeof(body), "body %u", n);
    return fixture_put(s, "sender", to, n, body);
}

static FIXTURE_UNUSED enum err fixture_ack(struct store *s, const struct store_login *login,
                                           unsigned n)
{
    struct fixture_id id = fixture_id(n);
    uint64_t unread;
    enum err e = store_ack(s, login, id.text, 1, &unread);
    enum err settled = store_settle(s);
    return settled ? settled : e;
}

/* The next message must be number n with its body. */
static FIXTURE_UNUSED void fixture_expect(struct store *s, const struct store_login *login,
                                          struct store_cursor *cursor, unsigned n)
{
    struct fixture_id id = fixture_id(n);
    struct store_item item;
    struct buf body = BUF_INIT(100000);
    char expected[32];
    snprintf(expected, sizeof(expected), "body %u", n);
    assert_int_equal(store_next(s, login, cursor, &item, &body), ERR_OK);
    assert_int_equal(store_settle(s), ERR_OK);
    assert_string_equal(item.id, id.text);
    assert_true(span_is(buf_span(&body), expected));
    assert_int_equal(item.bytes, strlen(expected));
    buf_free(&body);
}

static FIXTURE_UNUSED void fixture_expect_none(struct store *s, const struct store_login *login,
                                               struct store_cursor *cursor)
{
    struct store_item item;
    struct buf body = BUF_INIT(100000);
    assert_int_equal(store_next(s, login, cursor, &item, &body), ERR_NOT_FOUND);
    assert_int_equal(body.len, 0);
    assert_int_equal(store_settle(s), ERR_OK);
}

static FIXTURE_UNUSED uint64_t fixture_unread(struct store *s, const struct store_login *login)
{
    uint64_t unread = 0;
    uint64_t ungiven = 0;
    assert_int_equal(store_count(s, login, NULL, &unread, &ungiven), ERR_OK);
    assert_int_equal(store_settle(s), ERR_OK);
    return unread;
}

#define FIXTURE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_enter, fixture_leave)

/* The same numbers in each run: splitmix64 (Vigna). */
static FIXTURE_UNUSED unsigned fixture_random(uint64_t *seed, unsigned below)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % below);
}

#endif
