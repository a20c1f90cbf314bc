/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's directory: found, made for the user alone, locked, and searched. */
#include <errno.h>
#include <fcntl.h>
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

#include "client/home.h"

static char root[256];
static const uint8_t host_key[HOST_KEY_LEN] = {0xab, 0xcd, 1};

static int make_root(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    (void)snprintf(root, sizeof(root), "%s/secmsg-unit-XXXXXX",
                   base != NULL && *base != '\0' ? base : "/tmp");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void open_home(struct home *home, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(home_open(home, path), STATUS_OK);
    assert_int_equal(home_make(home), STATUS_OK);
}

static void test_made(void **state)
{
    /* A missing directory is made, parents too, for its owner alone; so is an account's. */
    struct home home;
    struct home_account account;
    (void)state;
    open_home(&home, "a/b/c");
    assert_int_equal(mode_of(home.path), 0700);
    assert_int_equal(home_open_account(&home, host_key, "alice", &account), ERR_OK);
    assert_int_equal(mode_of(account.path), 0700);
    assert_non_null(strstr(account.path, "/accounts/abcd01"));
    home_close_account(&account);
    home_close(&home);
}

static void test_made_late(void **state)
{
    /* Opening a missing directory makes nothing; making it twice is fine. */
    char path[512];
    struct stat st;
    struct home home;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/late/home", root);
    assert_int_equal(home_open(&home, path), STATUS_OK);
    assert_int_equal(home.dir, -1);
    (void)snprintf(path, sizeof(path), "%s/late", root);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(home_make(&home), STATUS_OK);
    assert_int_equal(home_make(&home), STATUS_OK);
    assert_int_equal(mode_of(home.path), 0700);
    home_close(&home);
}

static void test_environment(void **state)
{
    /* --home goes before XDG_STATE_HOME, that before HOME. */
    char expected[512];
    struct home home;
    (void)state;
    assert_int_equal(setenv("HOME", root, 1), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    assert_int_equal(home_open(&home, NULL), STATUS_OK);
    (void)snprintf(expected, sizeof(expected), "%s/.local/state/secmsg", root);
    assert_string_equal(home.path, expected);
    home_close(&home);
    (void)snprintf(expected, sizeof(expected), "%s/xdg", root);
    assert_int_equal(setenv("XDG_STATE_HOME", expected, 1), 0);
    assert_int_equal(home_open(&home, NULL), STATUS_OK);
    assert_string_equal(home.path + strlen(expected), "/secmsg");
    home_close(&home);
    (void)snprintf(expected, sizeof(expected), "%s/own", root);
    assert_int_equal(home_open(&home, expected), STATUS_OK);
    assert_string_equal(home.path, expected);
    home_close(&home);
}

static void test_unfit(void **state)
{
    /* A directory that others can write to, or a file in its place, is refused. */
    char path[512];
    struct home home;
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/open", root);
    assert_int_equal(mkdir(path, 0700) + chmod(path, 0777), 0);
    assert_int_equal(home_open(&home, path), STATUS_CONFIG);
    assert_int_equal(home.dir, -1);
    (void)snprintf(path, sizeof(path), "%s/file", root);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(home_open(&home, path), STATUS_CONFIG);
}

static void log_in(const struct home *home, const char *user)
{
    struct home_account account;
    assert_int_equal(home_open_account(home, host_key, user, &account), ERR_OK);
    int fd = openat(account.dir, HOME_KEYS, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    home_close_account(&account);
}

static void test_only_user(void **state)
{
    /* The one user with keys is found; none and several are told apart, and other hosts don't count. */
    static const uint8_t other_host[HOST_KEY_LEN] = {9};
    char user[FIELD_USER_SIZE];
    struct home home;
    struct home_account account;
    (void)state;
    open_home(&home, "users");
    assert_int_equal(home_find_user(&home, host_key, user), ERR_NOT_FOUND);
    assert_int_equal(home_open_account(&home, host_key, "without-keys", &account), ERR_OK);
    home_close_account(&account);
    assert_int_equal(home_find_user(&home, host_key, user), ERR_NOT_FOUND);
    log_in(&home, "alice");
    assert_int_equal(home_find_user(&home, host_key, user), ERR_OK);
    assert_string_equal(user, "alice");
    log_in(&home, "bob");
    assert_int_equal(home_find_user(&home, host_key, user), ERR_EXISTS);
    assert_int_equal(home_find_user(&home, other_host, user), ERR_NOT_FOUND);
    home_close(&home);
}

static void test_lock(void **state)
{
    /* A held lock makes the next one give up, another name and a released one don't. */
    int first, second;
    struct home home;
    (void)state;
    open_home(&home, "locks");
    assert_int_equal(home_lock(home.dir, HOME_LOCK, 0, &first), ERR_OK);
    assert_int_equal(home_lock(home.dir, HOME_LOCK, 30, &second), ERR_BUSY);
    assert_int_equal(second, -1);
    assert_int_equal(home_lock(home.dir, HOME_READ_LOCK, 0, &second), ERR_OK);
    home_unlock(second);
    home_unlock(first);
    assert_int_equal(home_lock(home.dir, HOME_LOCK, 0, &second), ERR_OK);
    home_unlock(second);
    home_close(&home);
}

static void test_first_login(void **state)
{
    /* The first login is noted once, and a later one doesn't change it. */
    struct home home;
    (void)state;
    open_home(&home, "first");
    assert_int_equal(home_first_login(home.dir), 0);
    assert_int_equal(home_note_first_login(home.dir, 1000), ERR_OK);
    assert_int_equal(home_note_first_login(home.dir, 2000), ERR_OK);
    assert_int_equal(home_first_login(home.dir), 1000);
    home_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),        cmocka_unit_test(test_made_late),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_only_user),   cmocka_unit_test(test_lock),
        cmocka_unit_test(test_first_login),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
