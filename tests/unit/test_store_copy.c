/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The embedded keeper on copies: log and lock file that were not copied at one moment, in the same boot. */
#include "store/gdbm/layout.h"

#include <sys/wait.h>

#include "tests/unit/store_files.h"

#include "base/banned.h"

static struct marker marker_of(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker;
}

static void run(const char *program, const char *a, const char *b)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execlp(program, program, "-r", a, b, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The store's directory as it is, under another name, with new inodes. */
static struct fixture copy_of(const struct fixture *f, const char *name)
{
    struct fixture copy = {0};
    snprintf(copy.root, sizeof(copy.root), "%s", f->root);
    snprintf(copy.store, sizeof(copy.store), "%.190s/%.60s", copy.root, name);
    run("cp", f->store, copy.store);
    assert_int_equal(chmod(copy.store, 0700), 0);
    return copy;
}

/* A copy of whose files the lock, or else the log, is as it was `late` puts later. */
static struct fixture copy_in_use(struct fixture *f, bool is_lock_later, unsigned late)
{
    struct fixture earlier = copy_of(f, "earlier");
    for (unsigned i = 0; i < late; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", 100 + i), ERR_OK);
    struct fixture later = copy_of(f, "later");
    run("cp", file_named(is_lock_later ? &later : &earlier, "lock").text,
        file_named(is_lock_later ? &earlier : &later, "lock").text);
    return is_lock_later ? earlier : later;
}

static struct store_login fill(struct fixture *f, unsigned n)
{
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    return bob;
}

static void the_log_was_copied_before_the_lock_file(void **state)
{
    /* What had come until then is there, the rest isn't, and it goes on, also when opened again. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct fixture copy = copy_in_use(f, true, 5);
    for (unsigned round = 0; round < 3; round++) {
        struct store *s = fixture_open(&copy);
        assert_int_equal(fixture_unread(s, &bob), 10 + round);
        assert_int_equal(fixture_put_n(s, "bob", 200 + round), ERR_OK);
        store_close(s);
    }
    assert_int_equal(fixture_unread(f->s, &bob), 15);
}

static void the_lock_file_was_copied_before_the_log(void **state)
{
    /* All that the log has counts. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct fixture copy = copy_in_use(f, false, 5);
    struct store *s = fixture_open(&copy);
    assert_int_equal(fixture_unread(s, &bob), 15);
    assert_int_equal(fixture_put_n(s, "bob", 104), ERR_DUPLICATE);
    assert_int_equal(fixture_put_n(s, "bob", 200), ERR_OK);
    store_close(s);
}

static void a_record_was_copied_while_it_was_written(void **state)
{
    /* Its beginning or its end is there, and zeros for the rest: the log ends before it. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    static const uint8_t zeros[64];
    uint64_t from = marker_of(f).end;
    struct fixture copy = copy_in_use(f, false, 1);
    uint64_t to = marker_of(f).end;
    for (unsigned is_end = 0; is_end < 2; is_end++) {
        struct fixture torn = copy_of(&copy, is_end ? "end" : "beginning");
        assert_true(to - from >= 2 * sizeof(zeros) && from % 512 != 0);
        file_write(file_named(&torn, "log.1").text, zeros, sizeof(zeros),
                   is_end ? from : to - sizeof(zeros));
        struct store *s = fixture_open(&torn);
        assert_int_equal(fixture_unread(s, &bob), 10);
        assert_int_equal(fixture_put_n(s, "bob", 100), ERR_OK);
        store_close(s);
    }
}

static void a_flipped_bit_in_a_copy_is_found(void **state)
{
    /* At each byte of the last three records, behind which nothing stands, too: named, not taken for the end,
     * whoever comes first or second. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 2);
    uint64_t from = marker_of(f).end;
    for (unsigned i = 3; i <= 5; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    uint64_t to = marker_of(f).end;
    struct fixture copy = copy_of(f, "whole");
    struct file_path log = file_named(&copy, "log.1");
    struct file_path lock = file_named(&copy, "lock");
    struct file_path kept = file_named(f, "lock");
    for (uint64_t at = from; at < to; at += 5) {
        file_flip(log.text, at, at % 8);
        for (unsigned round = 0; round < 2; round++) {
            struct store *s = fixture_open(&copy);
            struct store_login login = bob;
            uint64_t unread = 0;
            enum err e = store_count(s, &login, NULL, &unread, &unread);
            if (e)
                assert_int_equal(e, ERR_DAMAGED);
            else
                assert_true(unread == 4 || unread == 5);
            store_close(s);
        }
        run("cp", file_named(f, "log.1").text, log.text);
        run("cp", kept.text, lock.text);
    }
}

static void a_backup_without_lock_files_is_not_cut_short_by_damage(void **state)
{
    /* A broken record with whole ones behind it is damage there too, for the first and for the second. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct fixture copy = copy_of(f, "backup");
    files_remove(&copy, "lock");
    files_remove(&copy, "index.gdbm");
    file_spoil(file_named(&copy, "log.1").text, 80 + 4); /* the type of the account's record */
    for (unsigned round = 0; round < 2; round++) {
        struct store *s = fixture_open(&copy);
        uint64_t unread = 0;
        assert_int_equal(store_count(s, &bob, NULL, &unread, &unread), ERR_DAMAGED);
        store_close(s);
    }
}

static void a_log_that_did_not_come_along_is_missed(void **state)
{
    /* With or without index and lock file: the shard isn't made anew. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 3);
    static const char *const names[] = {"log.1", "index.gdbm", "lock"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct store_account account = STORE_ACCOUNT_INIT;
        uint64_t unread = 0;
        files_remove(f, names[i]);
        fixture_reopen(f);
        assert_int_equal(store_count(f->s, &bob, NULL, &unread, &unread), ERR_DAMAGED);
        assert_int_equal(store_account_create(f->s2, "bob", &account), ERR_DAMAGED);
        store_account_free(&account);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_log_was_copied_before_the_lock_file),
        FIXTURE_TEST(the_lock_file_was_copied_before_the_log),
        FIXTURE_TEST(a_record_was_copied_while_it_was_written),
        FIXTURE_TEST(a_flipped_bit_in_a_copy_is_found),
        FIXTURE_TEST(a_backup_without_lock_files_is_not_cut_short_by_damage),
        FIXTURE_TEST(a_log_that_did_not_come_along_is_missed),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
