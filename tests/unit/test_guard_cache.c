/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file: whatever is wrong with it costs its memory, and nothing else. */
#include "guard/cache.h"

#include "base/file.h"
#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

static ino_t inode_now(void)
{
    struct stat st;
    assert_int_equal(stat(GUARD_FILE, &st), 0);
    assert_int_equal(st.st_size, sizeof(struct guard_file));
    assert_int_equal(st.st_mode & 07777, 0600);
    return st.st_ino;
}

static void open_again(void)
{
    guard_close(&guard);
    assert_int_equal(guard_open(&guard, ".", &limits), ERR_OK);
}

static void a_good_file_is_kept(void **state)
{
    (void)state;
    ino_t inode = inode_now();
    guard_count(&guard, GUARD_MESSAGES, 1);
    open_again();
    assert_true(guard.is_shared && inode_now() == inode);
    assert_int_equal(totals_now().counters[GUARD_MESSAGES], 1);
}

/* A file that isn't to be believed is made anew: empty, and good for all who come after. */
static void expect_anew(void)
{
    open_again();
    assert_true(guard.is_shared);
    assert_int_equal(totals_now().counters[GUARD_MESSAGES], 0);
    ino_t inode = inode_now();
    guard_count(&guard, GUARD_MESSAGES, 1);
    open_again();
    assert_true(inode_now() == inode);
}

static void write_at(off_t at, const void *bytes, size_t n)
{
    int fd = open(GUARD_FILE, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static void a_bad_file_is_made_anew(void **state)
{
    /* Every field of the header is looked at but `since` and the key: magic, size, boot, device, inode. */
    (void)state;
    guard_count(&guard, GUARD_MESSAGES, 1);
    for (size_t at = 0; at < offsetof(struct layout_header, since); at += 4) {
        write_at((off_t)at, "\x99\x99\x99\x99", 4);
        expect_anew();
    }
}

static void a_file_of_another_size_is_made_anew(void **state)
{
    /* Of none, of a page, of one byte less or more. */
    (void)state;
    static const off_t sizes[] = {0, 1, 4096, (off_t)sizeof(struct guard_file) - 1,
                                  (off_t)sizeof(struct guard_file) + 1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(truncate(GUARD_FILE, sizes[i]), 0);
        expect_anew();
    }
    assert_int_equal(unlink(GUARD_FILE), 0);
    expect_anew();
}

static void a_copy_is_another_file(void **state)
{
    /* Its connections would never end. */
    (void)state;
    struct buf all = BUF_INIT(2 * sizeof(struct guard_file));
    guard_count(&guard, GUARD_MESSAGES, 1);
    assert_int_equal(file_read(AT_FDCWD, GUARD_FILE, &all), ERR_OK);
    assert_int_equal(file_replace(AT_FDCWD, GUARD_FILE, buf_span(&all), 0600), ERR_OK);
    buf_free(&all);
    expect_anew();
}

static void what_cannot_be_a_file_stays_and_is_gone_without(void **state)
{
    /* A directory, a link, a pipe, no directory at all: memory of one's own works the same, for one process. */
    (void)state;
    guard_close(&guard);
    for (int i = 0; i < 4; i++) {
        unlink(GUARD_FILE);
        if (i == 0)
            assert_int_equal(mkdir(GUARD_FILE, 0700), 0);
        else if (i == 1)
            assert_int_equal(symlink("elsewhere", GUARD_FILE), 0);
        else if (i == 2)
            assert_int_equal(mkfifo(GUARD_FILE, 0600), 0);
        assert_int_equal(guard_open(&guard, i == 3 ? "not/there" : ".", &limits), ERR_OK);
        assert_false(guard.is_shared);
        offend("192.0.2.1", GUARD_JUNK, 2);
        assert_false(is_let_in("192.0.2.1"));
        guard_clear(&guard, peer_at("192.0.2.1").source, now_ms);
        guard_close(&guard);
        if (i == 0)
            assert_int_equal(rmdir(GUARD_FILE), 0);
    }
}

static void who_looks_makes_nothing(void **state)
{
    (void)state;
    struct guard look;
    guard_close(&guard);
    assert_int_equal(truncate(GUARD_FILE, 5), 0);
    assert_int_equal(guard_look(&look, "."), ERR_UNSUPPORTED);
    guard_close(&look);
    assert_int_equal(unlink(GUARD_FILE), 0);
    assert_int_equal(guard_look(&look, "."), ERR_OK);
    assert_false(look.is_shared);
    guard_close(&look);
    assert_int_equal(access(GUARD_FILE, F_OK), -1);
}

static void a_file_that_is_cut_ends_nobody(void **state)
{
    /* All of it, or a part, while it is mapped and in use: what was in it is forgotten, and the session goes on. */
    (void)state;
    static const off_t sizes[] = {0, 4096};
    for (int i = 0; i < 2; i++) {
        uint64_t retry_s;
        open_again(); /* cmocka's handler of SIGBUS is the latest */
        assert_int_equal(enter_from("192.0.2.1", &retry_s), GUARD_ADMITTED);
        assert_int_equal(truncate(GUARD_FILE, sizes[i]), 0);
        guard_renew(&guard, now_ms);
        guard_penalise(&guard, GUARD_JUNK, now_ms);
        guard_count_command(&guard, 1, 5);
        assert_int_equal(totals_now().commands[1].n, 1);
        guard_leave(&guard);
    }
    expect_anew();
}

static void who_begin_at_once_share_one_file(void **state)
{
    /* Where there is none, and where there is a bad one: each adds one, and nothing is lost. */
    (void)state;
    enum { N = 30 };
    for (int round = 0; round < 6; round++) {
        pid_t pids[N];
        int ends[2];
        guard_close(&guard);
        assert_int_equal(pipe(ends), 0);
        if (round % 2 == 0)
            assert_int_equal(unlink(GUARD_FILE), 0);
        else
            assert_int_equal(truncate(GUARD_FILE, round), 0);
        for (int i = 0; i < N; i++)
            if ((pids[i] = fork()) == 0) {
                char go;
                close(ends[1]);
                if (read(ends[0], &go, 1) != 0) /* until all are there */
                    _exit(1);
                assert_int_equal(guard_open(&guard, ".", &limits), ERR_OK);
                guard_count(&guard, GUARD_MESSAGES, 1);
                _exit(guard.is_shared ? 0 : 1);
            }
        close(ends[0]);
        close(ends[1]);
        for (int i = 0; i < N; i++) {
            int status;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_int_equal(status, 0);
        }
        assert_int_equal(guard_open(&guard, ".", &limits), ERR_OK);
        assert_int_equal(totals_now().counters[GUARD_MESSAGES], N);
    }
}

static void bytes_are_judged_without_a_file(void **state)
{
    (void)state;
    struct cache_origin origin = {.device = guard.file->header.device,
                                  .inode = guard.file->header.inode};
    memcpy(origin.boot, guard.file->header.boot, sizeof(origin.boot));
    assert_true(cache_is_good(guard.file, sizeof(struct guard_file), &origin));
    assert_false(cache_is_good(guard.file, sizeof(struct guard_file) - 1, &origin));
    assert_false(cache_is_good("", 0, &origin));
    origin.inode++;
    assert_false(cache_is_good(guard.file, sizeof(struct guard_file), &origin));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(a_good_file_is_kept),
        GUARD_TEST(a_bad_file_is_made_anew),
        GUARD_TEST(a_file_of_another_size_is_made_anew),
        GUARD_TEST(a_copy_is_another_file),
        GUARD_TEST(what_cannot_be_a_file_stays_and_is_gone_without),
        GUARD_TEST(who_looks_makes_nothing),
        GUARD_TEST(a_file_that_is_cut_ends_nobody),
        GUARD_TEST(who_begin_at_once_share_one_file),
        GUARD_TEST(bytes_are_judged_without_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
