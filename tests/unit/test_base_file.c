/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files: limits, what isn't a file, and that a replacement is seen whole or not at all. */
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/temporary.h"

#include "base/banned.h"

static void write_file(const char *name, struct span content)
{
    assert_int_equal(file_replace(AT_FDCWD, name, content, 0600), ERR_OK);
}

static size_t count_entries(void)
{
    size_t n = 0;
    DIR *dir = opendir(".");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static int remove_all(void **state)
{
    (void)state;
    DIR *dir = opendir(".");
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
            unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    return closedir(dir);
}

static void a_file_is_read_up_to_the_limit(void **state)
{
    /* As many bytes as the buffer may hold, not one more; refused, the buffer is as it was. */
    (void)state;
    static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 50000};
    static uint8_t content[50001];
    memset(content, 'x', sizeof(content));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf b = BUF_INIT(4 + sizes[i]);
        assert_int_equal(buf_append_str(&b, "kept"), ERR_OK);
        write_file("file", span_of(content, sizes[i]));
        assert_int_equal(file_read(AT_FDCWD, "file", &b), ERR_OK);
        assert_int_equal(b.len, 4 + sizes[i]);
        assert_memory_equal(b.data + 4, content, sizes[i]);
        buf_truncate(&b, 4);
        write_file("file", span_of(content, sizes[i] + 1));
        assert_int_equal(file_read(AT_FDCWD, "file", &b), ERR_TOO_LARGE);
        assert_true(span_is(buf_span(&b), "kept"));
        buf_free(&b);
    }
}

static void only_a_regular_file_is_read(void **state)
{
    /* A directory, a device and a FIFO without a writer are errors at once, and none hangs. */
    (void)state;
    struct buf b = BUF_INIT(1000);
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(file_read(AT_FDCWD, "directory", &b), ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read(AT_FDCWD, "fifo", &b), ERR_IO);
    assert_int_equal(file_read(AT_FDCWD, "/dev/zero", &b), ERR_IO);
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void a_missing_file_is_not_found(void **state)
{
    /* The file, its directory, or what a link points to. */
    (void)state;
    struct buf b = BUF_INIT(1000);
    assert_int_equal(file_read(AT_FDCWD, "missing", &b), ERR_NOT_FOUND);
    assert_int_equal(file_read(AT_FDCWD, "missing/file", &b), ERR_NOT_FOUND);
    assert_int_equal(symlink("missing", "link"), 0);
    assert_int_equal(file_read(AT_FDCWD, "link", &b), ERR_NOT_FOUND);
    buf_free(&b);
}

static void a_replacement_has_its_mode_and_leaves_nothing_else(void **state)
{
    /* New and replaced alike: the content, the mode, and no temporary file beside it. */
    (void)state;
    struct buf b = BUF_INIT(1000);
    struct stat st;
    write_file("file", SPAN("old, and longer than the new one"));
    write_file("file", SPAN("new"));
    assert_int_equal(file_read(AT_FDCWD, "file", &b), ERR_OK);
    assert_true(span_is(buf_span(&b), "new"));
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(count_entries(), 1);
    buf_free(&b);
}

static void names_are_relative_to_the_directory(void **state)
{
    /* A descriptor of a directory, a path below it, and an absolute path. */
    (void)state;
    const struct temporary *t = *state;
    char path[sizeof(t->path) + 10];
    struct buf b = BUF_INIT(1000);
    assert_int_equal(mkdir("sub", 0700), 0);
    int dir = open("sub", O_RDONLY | O_DIRECTORY);
    assert_int_equal(file_replace(dir, "file", SPAN("1"), 0600), ERR_OK);
    assert_int_equal(file_read(AT_FDCWD, "sub/file", &b), ERR_OK);
    assert_int_equal(file_replace(AT_FDCWD, "sub/file", SPAN("2"), 0600), ERR_OK);
    assert_int_equal(file_read(dir, "file", &b), ERR_OK);
    snprintf(path, sizeof(path), "%s/sub/file", t->path);
    assert_int_equal(file_replace(AT_FDCWD, path, SPAN("3"), 0600), ERR_OK);
    assert_int_equal(file_read(dir, "file", &b), ERR_OK);
    assert_true(span_is(buf_span(&b), "123"));
    assert_int_equal(unlinkat(dir, "file", 0), 0);
    close(dir);
    buf_free(&b);
}

static void a_link_is_replaced_and_not_followed(void **state)
{
    /* What the link points to stays as it is. */
    (void)state;
    struct buf b = BUF_INIT(1000);
    struct stat st;
    write_file("victim", SPAN("victim"));
    assert_int_equal(symlink("victim", "file"), 0);
    write_file("file", SPAN("new"));
    assert_int_equal(lstat("file", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(file_read(AT_FDCWD, "victim", &b), ERR_OK);
    assert_true(span_is(buf_span(&b), "victim"));
    buf_free(&b);
}

static void a_failed_replacement_changes_nothing(void **state)
{
    /* A directory in the way, a name that is too long, a directory that isn't there. */
    (void)state;
    char name[300];
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(file_replace(AT_FDCWD, "directory", SPAN("x"), 0600), ERR_IO);
    assert_int_equal(errno, EISDIR);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(file_replace(AT_FDCWD, name, SPAN("x"), 0600), ERR_IO);
    assert_int_not_equal(file_replace(AT_FDCWD, "missing/file", SPAN("x"), 0600), ERR_OK);
    assert_int_equal(count_entries(), 1);
}

/* Replaces the file again and again, with 20000 times the same letter, until the pipe is closed. */
static void replace_for_ever(int stop)
{
    static uint8_t content[20000];
    for (unsigned i = 0;; i++) {
        memset(content, 'a' + (int)(i % 26), sizeof(content));
        if (file_replace(AT_FDCWD, "file", span_of(content, sizeof(content)), 0600))
            _exit(1);
        uint8_t byte;
        if (read(stop, &byte, 1) == 0)
            _exit(0);
    }
}

static void a_reader_sees_one_content_whole(void **state)
{
    /* While another process replaces the file, each read finds it there, and all of one kind. */
    (void)state;
    static uint8_t first[20000];
    int stop[2], status;
    memset(first, 'z', sizeof(first));
    write_file("file", span_of(first, sizeof(first)));
    assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
    pid_t child = fork();
    if (child == 0) {
        close(stop[1]);
        replace_for_ever(stop[0]);
    }
    struct buf b = BUF_INIT(20000);
    for (unsigned i = 0; i < 500; i++) {
        buf_clear(&b);
        assert_int_equal(file_read(AT_FDCWD, "file", &b), ERR_OK);
        assert_int_equal(b.len, 20000);
        assert_memory_equal(b.data, b.data + 1, b.len - 1);
    }
    close(stop[0]);
    close(stop[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(count_entries(), 1);
    buf_free(&b);
}

static void two_writers_do_not_mix(void **state)
{
    /* Two processes that replace one file at once: at last it is one's or the other's. */
    (void)state;
    static uint8_t content[20000];
    pid_t children[2];
    for (unsigned k = 0; k < 2; k++) {
        children[k] = fork();
        if (children[k] == 0) {
            memset(content, 'a' + (int)k, sizeof(content));
            for (unsigned i = 0; i < 50; i++)
                if (file_replace(AT_FDCWD, "file", span_of(content, sizeof(content)), 0600))
                    _exit(1);
            _exit(0);
        }
    }
    for (unsigned k = 0; k < 2; k++) {
        int status;
        assert_int_equal(waitpid(children[k], &status, 0), children[k]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct buf b = BUF_INIT(20000);
    assert_int_equal(file_read(AT_FDCWD, "file", &b), ERR_OK);
    assert_int_equal(b.len, 20000);
    assert_memory_equal(b.data, b.data + 1, b.len - 1);
    assert_int_equal(count_entries(), 1);
    buf_free(&b);
}

static void writing_tells_what_went_wrong(void **state)
{
    /* A pipe that nobody reads, and a device without room. */
    (void)state;
    int fds[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(file_write_all(fds[1], SPAN("x")), ERR_OK);
    close(fds[0]);
    assert_int_equal(file_write_all(fds[1], SPAN("x")), ERR_CLOSED);
    assert_int_equal(file_write_all(fds[1], SPAN("")), ERR_OK);
    close(fds[1]);
    assert_int_equal(file_write_all(fds[1], SPAN("x")), ERR_IO);
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_int_equal(file_write_all(full, SPAN("x")), ERR_NO_SPACE);
    close(full);
}

static void all_bytes_are_written_over_short_writes(void **state)
{
    /* A pipe takes 300000 bytes only piece by piece. */
    (void)state;
    static uint8_t content[300000];
    int fds[2], status;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        _exit(file_write_all(fds[1], span_of(content, sizeof(content))) ? 1 : 0);
    }
    close(fds[1]);
    size_t total = 0;
    uint8_t chunk[4096];
    for (ssize_t n; (n = read(fds[0], chunk, sizeof(chunk))) > 0;)
        total += (size_t)n;
    close(fds[0]);
    assert_int_equal(total, sizeof(content));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_up_to_the_limit),
        TEST(only_a_regular_file_is_read),
        TEST(a_missing_file_is_not_found),
        TEST(a_replacement_has_its_mode_and_leaves_nothing_else),
        TEST(names_are_relative_to_the_directory),
        TEST(a_link_is_replaced_and_not_followed),
        TEST(a_failed_replacement_changes_nothing),
        TEST(a_reader_sees_one_content_whole),
        TEST(two_writers_do_not_mix),
        TEST(writing_tells_what_went_wrong),
        TEST(all_bytes_are_written_over_short_writes),
    };
    return cmocka_run_group_tests(tests, temporary_enter, temporary_leave);
}
