/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many processes at once on one store, and processes that are killed at any moment. */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/store_files.h"

#include "base/banned.h"

static const struct store_quota wide = {.messages = 100000,
                                        .bytes = 1 << 30,
                                        .per_sender_percent = 100};

static const char *const names[] = {"ann", "bob", "cat", "dan", "eve", "flo", "gil", "hal"};

#define NAMES 8

/* Waits for n children; all must have ended well. */
static void reap(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

/* A child that puts messages first, first + 1, ... to one of the first `spread` names. */
static void put_in_child(const struct fixture *f, unsigned first, unsigned n, unsigned spread)
{
    if (fork() != 0)
        return;
    struct store *s = fixture_open_with(f->store, &wide);
    for (unsigned i = first; i < first + n; i++) {
        if (fixture_put_n(s, names[i % spread], i))
            _exit(1);
    }
    store_close(s);
    _exit(0);
}

/* Every number below n is there once; returns nothing else. Acknowledges all on the way. */
static void expect_all(struct store *s, const struct store_login *logins, unsigned spread,
                       unsigned n)
{
    bool *seen = calloc(n, sizeof(*seen));
    unsigned count = 0;
    for (unsigned i = 0; i < spread; i++) {
        struct store_cursor cursor = {0};
        struct store_item item;
        struct buf body = BUF_INIT(1000);
        while (store_next(s, &logins[i], &cursor, &item, &body) == ERR_OK) {
            unsigned long number = strtoul(item.id, NULL, 16);
            char expected[32];
            snprintf(expected, sizeof(expected), "body %lu", number);
            assert_true(number < n);
            assert_false(seen[number]);
            assert_int_equal(number % spread, i);
            assert_true(span_is(buf_span(&body), expected));
            seen[number] = true;
            count++;
            buf_clear(&body);
        }
        assert_int_equal(store_settle(s), ERR_OK);
        buf_free(&body);
    }
    assert_int_equal(count, n);
    free(seen);
}

static void processes_at_once_lose_nothing(void **state)
{
    /* 200 processes, three messages each, into one mailbox and then into eight. */
    struct fixture *f = *state;
    struct store_login logins[NAMES];
    for (unsigned i = 0; i < NAMES; i++)
        logins[i] = fixture_register(f->s, names[i]);
    for (unsigned i = 0; i < 200; i++)
        put_in_child(f, i * 3, 3, 1);
    reap(200);
    expect_all(f->s, logins, 1, 600);
    files_remove(f, "index.gdbm");
    expect_all(f->s2, logins, 1, 600);
    fixture_leave(state);
    fixture_enter(state);
    f = *state;
    for (unsigned i = 0; i < NAMES; i++)
        logins[i] = fixture_register(f->s, names[i]);
    for (unsigned i = 0; i < 200; i++)
        put_in_child(f, i * 3, 3, NAMES);
    reap(200);
    expect_all(f->s, logins, NAMES, 600);
}

static void newcomers_at_once_share_new_shards(void **state)
{
    /* 40 processes register 40 names in a store without shards, and write to each other. */
    struct fixture *f = *state;
    for (unsigned i = 0; i < 40; i++) {
        if (fork() == 0) {
            struct store *s = fixture_open(f);
            char name[16];
            snprintf(name, sizeof(name), "user-%u", i);
            fixture_register(s, name);
            _exit(fixture_put_n(s, name, i) != ERR_OK);
        }
    }
    reap(40);
    for (unsigned i = 0; i < 40; i++) {
        char name[16];
        struct store_account a = STORE_ACCOUNT_INIT;
        snprintf(name, sizeof(name), "user-%u", i);
        assert_int_equal(store_account_get(f->s, name, &a), ERR_OK);
        struct store_login login = {.version = a.version};
        snprintf(login.user, sizeof(login.user), "%s", name);
        struct store_cursor cursor = {0};
        fixture_expect(f->s, &login, &cursor, i);
        store_account_free(&a);
    }
}

static void readers_and_writers_at_once_agree(void **state)
{
    /* Ten writers and four readers that acknowledge: each message is given at least once, and all go. */
    struct fixture *f = *state;
    struct store_login ann = fixture_register(f->s, "ann");
    for (unsigned i = 0; i < 10; i++)
        put_in_child(f, i * 30, 30, 1);
    for (unsigned i = 0; i < 4; i++) {
        if (fork() == 0) {
            struct store *s = fixture_open_with(f->store, &wide);
            struct store_cursor cursor = {0};
            struct buf body = BUF_INIT(1000);
            uint64_t n;
            for (int rounds = 0; rounds < 100; rounds++) {
                struct store_item item;
                enum err e = store_next(s, &ann, &cursor, &item, &body);
                if (!e)
                    e = store_ack(s, &ann, item.id, 1, &n);
                if ((e && e != ERR_NOT_FOUND) || store_settle(s))
                    _exit(1);
                buf_clear(&body);
            }
            _exit(0);
        }
    }
    reap(14);
    struct store_cursor cursor = {0};
    struct store_item item;
    struct buf body = BUF_INIT(1000);
    uint64_t n;
    uint64_t unread = fixture_unread(f->s, &ann);
    while (store_next(f->s, &ann, &cursor, &item, &body) == ERR_OK) {
        assert_int_equal(store_ack(f->s, &ann, item.id, 1, &n), ERR_OK);
        unread--;
        buf_clear(&body);
    }
    assert_int_equal(unread, 0);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(fixture_put_n(f->s, "ann", i), ERR_DUPLICATE);
    buf_free(&body);
}

/* Puts until it is killed, and says in the pipe which message is settled. */
static pid_t put_until_killed(const struct fixture *f, unsigned first, int out)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct store *s = fixture_open_with(f->store, &wide);
    for (unsigned i = first;; i++) {
        if (fixture_put_n(s, names[i % 2], i) || write(out, &i, sizeof(i)) != (ssize_t)sizeof(i))
            _exit(1);
    }
}

static void what_was_settled_survives_a_kill(void **state)
{
    /* 20 writers, killed at random, three times over: what they were told is stored is there, once. */
    struct fixture *f = *state;
    struct store_login logins[2] = {fixture_register(f->s, names[0]),
                                    fixture_register(f->s, names[1])};
    enum { WRITERS = 20, EACH = 5000 };
    static bool told[3 * WRITERS * EACH];
    static bool seen[3 * WRITERS * EACH];
    uint64_t seed = 11;
    unsigned number;
    memset(told, 0, sizeof(told));
    memset(seen, 0, sizeof(seen));
    for (unsigned round = 0; round < 3; round++) {
        int p[2];
        pid_t pids[WRITERS];
        assert_int_equal(pipe(p), 0);
        for (unsigned i = 0; i < WRITERS; i++)
            pids[i] = put_until_killed(f, (round * WRITERS + i) * EACH, p[1]);
        close(p[1]);
        for (unsigned i = 0; i < WRITERS; i++) {
            nanosleep(&(struct timespec){.tv_nsec = fixture_random(&seed, 20000000)}, NULL);
            kill(pids[i], SIGKILL);
        }
        while (read(p[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
            told[number] = true;
        close(p[0]);
        for (unsigned i = 0; i < WRITERS; i++) {
            int status;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFSIGNALED(status));
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        struct store_cursor cursor = {0};
        struct store_item item;
        struct buf body = BUF_INIT(1000);
        while (store_next(f->s, &logins[i], &cursor, &item, &body) == ERR_OK) {
            number = (unsigned)strtoul(item.id, NULL, 16);
            char expected[32];
            snprintf(expected, sizeof(expected), "body %u", number);
            assert_true(span_is(buf_span(&body), expected));
            assert_false(seen[number]);
            seen[number] = true;
            buf_clear(&body);
        }
        buf_free(&body);
    }
    for (size_t i = 0; i < sizeof(told); i++)
        assert_true(!told[i] || seen[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(processes_at_once_lose_nothing),
        FIXTURE_TEST(newcomers_at_once_share_new_shards),
        FIXTURE_TEST(readers_and_writers_at_once_agree),
        FIXTURE_TEST(what_was_settled_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
