/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a store: what becomes one, what is refused and left alone, and what is said then. */
#include "store/store.h"

#include <dirent.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Opens what must be refused; returns the message. */
struct refusal {
    enum err code;
    char message[512];
};

static struct refusal refused(const char *url)
{
    struct refusal r = {0};
    struct store *s = NULL;
    r.code = store_open(&s, url, &fixture_quota, r.message, sizeof(r.message));
    assert_null(s);
    assert_true(r.message[0] != '\0');
    assert_null(strchr(r.message, '\n'));
    return r;
}

static size_t count_names(const char *path)
{
    size_t n = 0;
    DIR *list = opendir(path);
    assert_non_null(list);
    while (readdir(list) != NULL)
        n++;
    closedir(list);
    return n - 2;
}

static void a_new_store_is_small_and_private(void **state)
{
    /* No shards before there is something in them; nobody else can read the directory or its files. */
    struct fixture *f = *state;
    struct stat st;
    char path[300];
    snprintf(path, sizeof(path), "%s/shards", f->store);
    assert_int_equal(count_names(path), 0);
    assert_int_equal(count_names(f->store), 4);
    assert_int_equal(stat(f->store, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    static const char *const names[] = {"host.key", "store.conf", "lock"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->store, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    static const char *const files[] = {"lock", "log.1", "index.gdbm"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(file_named(f, files[i]).text, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void an_empty_directory_becomes_a_store(void **state)
{
    /* An existing empty directory, as a service manager makes it, and a relative path with a slash. */
    struct fixture *f = *state;
    assert_int_equal(chdir(f->root), 0);
    assert_int_equal(mkdir("empty", 0700), 0);
    struct store *s = fixture_open_with("empty/", &fixture_quota);
    assert_int_equal(chdir("/"), 0);
    fixture_register(s, "bob");
    assert_int_equal(fixture_put_n(s, "bob", 1), ERR_OK);
    store_close(s);
}

static void another_directory_is_left_alone(void **state)
{
    /* A directory with other things in it, a file, a path that leads nowhere: refused, nothing made. */
    struct fixture *f = *state;
    char path[300];
    snprintf(path, sizeof(path), "%s/home", f->root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/home/letter", f->root);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    assert_int_equal(refused(path).code, ERR_MALFORMED);
    snprintf(path, sizeof(path), "%s/home", f->root);
    assert_int_equal(refused(path).code, ERR_MALFORMED);
    assert_int_equal(count_names(path), 1);
    snprintf(path, sizeof(path), "%s/not/there", f->root);
    assert_int_equal(refused(path).code, ERR_IO);
    assert_int_equal(refused("").code, ERR_MALFORMED);
}

static void other_kinds_of_store_are_unsupported(void **state)
{
    /* URLs of other kinds make no directory, and what may be a password isn't said again. */
    (void)state;
    struct refusal r = refused("postgresql://user:geheim@host/db");
    assert_int_equal(r.code, ERR_UNSUPPORTED);
    assert_null(strstr(r.message, "geheim"));
    assert_int_equal(refused("mysql://host/db").code, ERR_UNSUPPORTED);
    assert_int_equal(refused("file:///tmp/x").code, ERR_UNSUPPORTED);
}

static void a_store_open_to_others_is_denied(void **state)
{
    /* Whoever else may write to it could put anything there; reading by a group is the owner's business. */
    struct fixture *f = *state;
    assert_int_equal(chmod(f->store, 0770), 0);
    assert_int_equal(refused(f->store).code, ERR_DENIED);
    assert_int_equal(chmod(f->store, 0702), 0);
    struct refusal r = refused(f->store);
    assert_int_equal(r.code, ERR_DENIED);
    assert_non_null(strstr(r.message, "chmod go-w"));
    assert_int_equal(chmod(f->store, 0700), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(f->store, 12345, 0), 0);
    assert_int_equal(refused(f->store).code, ERR_DENIED);
    assert_int_equal(chown(f->store, 0, 0), 0);
    store_close(fixture_open(f));
}

static void write_conf(const struct fixture *f, const char *text)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/store.conf", f->store);
    assert_int_equal(truncate(path, 0), 0);
    file_write(path, text, strlen(text), 0);
}

static void a_broken_store_conf_is_told(void **state)
{
    /* Empty, half, with nonsense, of a newer format: refused by name; lost: not taken for a new store. */
    struct fixture *f = *state;
    char path[300];
    fixture_register(f->s, "bob");
    write_conf(f, "");
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    write_conf(f, "format = 1\nshards = 256\n");
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    write_conf(f, "format = 1\nshards = 0\nid = x\nsecret = y\n");
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    write_conf(f, "format = 2\nshards = 256\nanything = else\n");
    assert_int_equal(refused(f->store).code, ERR_UNSUPPORTED);
    snprintf(path, sizeof(path), "%s/store.conf", f->store);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_lost_host_key_is_told(void **state)
{
    /* A store doesn't get another identity in silence. */
    struct fixture *f = *state;
    char path[300];
    snprintf(path, sizeof(path), "%s/host.key", f->store);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(refused(f->store).code, ERR_DAMAGED);
    assert_int_equal(access(path, F_OK), -1);
}

static void founders_at_once_agree(void **state)
{
    /* 12 processes found one store: all get the same host key and secret. */
    struct fixture *f = *state;
    char path[300];
    int results[2];
    uint8_t first[HOST_KEY_LEN + STORE_SECRET_LEN];
    snprintf(path, sizeof(path), "%s/new", f->root);
    assert_int_equal(pipe(results), 0);
    for (int i = 0; i < 12; i++) {
        if (fork() == 0) {
            uint8_t mine[sizeof(first)];
            struct store *s = fixture_open_with(path, &fixture_quota);
            memcpy(mine, store_host_key(s)->public_key, HOST_KEY_LEN);
            memcpy(mine + HOST_KEY_LEN, store_secret(s), STORE_SECRET_LEN);
            _exit(write(results[1], mine, sizeof(mine)) != (ssize_t)sizeof(mine));
        }
    }
    for (int i = 0; i < 12; i++) {
        uint8_t mine[sizeof(first)];
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(results[0], mine, sizeof(mine)), sizeof(mine));
        if (i == 0)
            memcpy(first, mine, sizeof(first));
        assert_memory_equal(first, mine, sizeof(first));
    }
    close(results[0]);
    close(results[1]);
}

static void a_founding_cut_short_is_finished(void **state)
{
    /* Whatever a killed founder left, the next one goes on from there. */
    struct fixture *f = *state;
    static const char *const left[] = {"lock", "host.key.new", "store.conf.new"};
    char path[300];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/half-%zu", f->root, i);
        assert_int_equal(mkdir(path, 0700), 0);
        size_t n = strlen(path);
        snprintf(path + n, sizeof(path) - n, "/%s", left[i]);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "half", 4), 4);
        close(fd);
        path[n] = '\0';
        store_close(fixture_open_with(path, &fixture_quota));
        assert_int_equal(count_names(path), 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_new_store_is_small_and_private),
        FIXTURE_TEST(an_empty_directory_becomes_a_store),
        FIXTURE_TEST(another_directory_is_left_alone),
        FIXTURE_TEST(other_kinds_of_store_are_unsupported),
        FIXTURE_TEST(a_store_open_to_others_is_denied),
        FIXTURE_TEST(a_broken_store_conf_is_told),
        FIXTURE_TEST(a_lost_host_key_is_told),
        FIXTURE_TEST(founders_at_once_agree),
        FIXTURE_TEST(a_founding_cut_short_is_finished),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
