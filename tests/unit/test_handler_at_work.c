/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a store does behind a session, it can do after the process has confined itself: each piece of it done by a
 * child that has. A system call that the filter doesn't know would end that child. */
#include "handler/confine.h"

#include <poll.h>
#include <sys/wait.h>

#include "store/gdbm/marker.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

#define LARGE 30000

/* What a confined process does with its two handles of the store. */
typedef void work(struct store *s, struct store *other);

static void confined(const struct fixture *f, work *what)
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct settings settings = {.confinement = CONFINEMENT_REQUIRED};
        struct store *s = fixture_open(f), *other = fixture_open(f);
        snprintf(settings.store, sizeof(settings.store), "%s", f->store);
        log_open("confined", LOG_LEVEL_DEBUG);
        if (confine_self(&settings))
            _exit(99);
        what(s, other);
        store_maintain(s);
        store_close(s);
        store_close(other);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static uint64_t generation(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker.generation;
}

/* Bob, as another session registered him. */
static struct store_login log_in(struct store *s)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    struct store_login login = {.user = "bob"};
    assert_int_equal(store_account_get(s, "bob", &account), ERR_OK);
    login.version = account.version;
    store_account_free(&account);
    return login;
}

static void register_many(struct store *s, struct store *other)
{
    char name[8];
    (void)other;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        fixture_register(s, name);
        assert_int_equal(fixture_put_n(s, name, i), ERR_OK);
    }
}

static void shards_are_made(void **state)
{
    /* Directories, logs, locks and indexes that weren't there when the process was confined. */
    const struct fixture *f = *state;
    confined(f, register_many);
    glob_t locks = files_named(f, "lock");
    assert_true(locks.gl_pathc > 10);
    globfree(&locks);
}

static void read_three(struct store *s, struct store *other)
{
    struct store_login bob = log_in(s);
    struct store_cursor cursor = {0};
    (void)other;
    for (unsigned i = 1; i <= 3; i++)
        fixture_expect(s, &bob, &cursor, i);
    fixture_expect_none(s, &bob, &cursor);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
}

static void an_index_is_built_again(void **state)
{
    struct fixture *f = *state;
    fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    files_remove(f, "index.gdbm");
    confined(f, read_three);
    file_size(file_named(f, "index.gdbm").text);
}

static void fill_and_empty(struct store *s, struct store *other)
{
    static char body[LARGE];
    struct store_login bob = log_in(s);
    (void)other;
    memset(body, 'x', sizeof(body) - 1);
    for (unsigned i = 1; i <= 20; i++) {
        assert_int_equal(fixture_put(s, "a", "bob", i, body), ERR_OK);
        assert_int_equal(fixture_ack(s, &bob, i), ERR_OK);
    }
}

static void a_log_is_compacted_at_the_end(void **state)
{
    const struct fixture *f = *state;
    fixture_register(f->s, "bob");
    confined(f, fill_and_empty);
    assert_int_equal(generation(f), 2);
}

static void wait_for_another(struct store *s, struct store *other)
{
    struct pollfd changed = {.fd = store_watch(s, "bob"), .events = POLLIN};
    assert_true(changed.fd >= 0);
    store_watch_clear(s);
    assert_int_equal(poll(&changed, 1, 0), 0);
    assert_int_equal(fixture_put_n(other, "bob", 1), ERR_OK);
    assert_int_equal(poll(&changed, 1, -1), 1);
    store_watch_clear(s);
    store_rest(s);
    assert_int_equal(poll(&changed, 1, 0), 0);
}

static void a_change_is_waited_for(void **state)
{
    const struct fixture *f = *state;
    fixture_register(f->s, "bob");
    confined(f, wait_for_another);
}

static void change_and_delete(struct store *s, struct store *other)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    assert_int_equal(store_account_get(s, "bob", &account), ERR_OK);
    assert_int_equal(store_account_change(s, "bob", &account), ERR_OK);
    assert_int_equal(store_settle(s), ERR_OK);
    assert_int_equal(store_account_delete(other, "bob", account.version), ERR_OK);
    assert_int_equal(store_settle(other), ERR_OK);
    store_account_free(&account);
}

static void accounts_change_and_go(void **state)
{
    const struct fixture *f = *state;
    fixture_register(f->s, "bob");
    confined(f, change_and_delete);
    assert_int_equal(store_account_find(f->s, "bob"), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(shards_are_made),        FIXTURE_TEST(an_index_is_built_again),
        FIXTURE_TEST(a_change_is_waited_for), FIXTURE_TEST(a_log_is_compacted_at_the_end),
        FIXTURE_TEST(accounts_change_and_go),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
