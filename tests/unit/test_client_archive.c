/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the archive was given it gives back, whatever was damaged beside it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "temporary.h"

#include "client/archive.h"
#include "crypto/crypto.h"

#define ID_A "000102030405060708090a0b0c0d0e0f"
#define ID_B "0001020304f5060708090a0b0c0d0e0f"

static const uint8_t key[FERNET_KEY_LEN] = "an archive key of thirty-two byt";
static const uint8_t other_key[FERNET_KEY_LEN] = "another one of thirty-two bytes.";

static int dir;

static void open_archive(struct archive *archive)
{
    dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    assert_int_equal(archive_open(archive, dir, key), ERR_OK);
}

static void close_archive(struct archive *archive)
{
    archive_close(archive);
    assert_int_equal(close(dir), 0);
}

static struct record made(enum record_kind kind, const char *id, const char *peer)
{
    struct record r = {.kind = kind, .time = 5, .stored = 6, .type = "text/plain", .size = 4};
    strcpy(r.id, id);
    strcpy(r.peer, peer);
    memset(r.digest, 7, sizeof(r.digest));
    return r;
}

static void add(struct archive *archive, const char *id, const char *body)
{
    struct record r = made(RECORD_RECEIVED, id, "bob");
    assert_int_equal(archive_add(archive, &r, span_str(body)), ERR_OK);
}

static void expect_next(struct archive *archive, const char *id, const char *body)
{
    struct archive_entry entry;
    struct buf got = BUF_INIT(1 << 20);
    assert_int_equal(archive_next(archive, &entry), ERR_OK);
    assert_string_equal(entry.record.id, id);
    assert_int_equal(archive_read(archive, &entry, &got), ERR_OK);
    assert_true(span_is(buf_span(&got), body));
    buf_free(&got);
}

static void expect_end(struct archive *archive, uint64_t unreadable)
{
    struct archive_entry entry;
    assert_int_equal(archive_next(archive, &entry), ERR_NOT_FOUND);
    assert_int_equal(archive->unreadable, unreadable);
}

static void test_in_and_out(void **state)
{
    /* Messages come back whole, in order, and those of a prefix alone. */
    struct archive a;
    struct archive_entry entry;
    struct record r = made(RECORD_SENT, ID_B, "carol");
    (void)state;
    open_archive(&a);
    expect_end(&a, 0);
    add(&a, ID_A, "first");
    strcpy(r.name, "caf\xc3\xa9.txt");
    assert_int_equal(archive_add(&a, &r, SPAN("")), ERR_OK);
    add(&a, ID_A, "third");
    archive_rewind(&a, "");
    expect_next(&a, ID_A, "first");
    assert_int_equal(archive_next(&a, &entry), ERR_OK);
    assert_memory_equal(&entry.record, &r, sizeof(r));
    expect_next(&a, ID_A, "third");
    expect_end(&a, 0);
    archive_rewind(&a, "0001020304f5");
    expect_next(&a, ID_B, "");
    expect_end(&a, 0);
    close_archive(&a);
}

static void test_look(void **state)
{
    /* A message is known by kind, peer, id and hash together. */
    struct archive a;
    bool is_there;
    struct record r = made(RECORD_RECEIVED, ID_A, "bob");
    struct record others[] = {r, r, r, r};
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "x");
    assert_int_equal(archive_look(&a, &r, &is_there), ERR_OK);
    assert_true(is_there);
    others[0].kind = RECORD_SENT;
    strcpy(others[1].peer, "bo");
    strcpy(others[2].id, ID_B);
    others[3].digest[31] ^= 1;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(archive_look(&a, &others[i], &is_there), ERR_OK);
        assert_false(is_there);
    }
    /* What is added after a look, by whom ever, is found by the next. */
    struct archive b;
    assert_int_equal(archive_open(&b, dir, key), ERR_OK);
    assert_int_equal(archive_look(&b, &others[2], &is_there), ERR_OK);
    assert_false(is_there);
    assert_int_equal(archive_add(&a, &others[2], SPAN("y")), ERR_OK);
    assert_int_equal(archive_look(&b, &others[2], &is_there), ERR_OK);
    assert_true(is_there);
    archive_close(&b);
    close_archive(&a);
}

static size_t file_size(const struct archive *a)
{
    struct stat st;
    assert_int_equal(fstat(a->fd, &st), 0);
    return (size_t)st.st_size;
}

static void test_every_torn_end(void **state)
{
    /* However much of the last line a crash left: readers don't see it, and the next writer removes it. */
    struct archive a;
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "whole");
    size_t whole = file_size(&a);
    add(&a, ID_B, "torn");
    for (size_t size = file_size(&a) - 1; size > whole; size -= size > whole + 40 ? 37 : 1) {
        assert_int_equal(ftruncate(a.fd, (off_t)size), 0);
        archive_rewind(&a, "");
        expect_next(&a, ID_A, "whole");
        expect_end(&a, 0);
    }
    assert_int_equal(ftruncate(a.fd, (off_t)whole + 70000), 0);
    archive_rewind(&a, "");
    expect_next(&a, ID_A, "whole");
    expect_end(&a, 0);
    add(&a, ID_B, "afterwards");
    archive_rewind(&a, "");
    expect_next(&a, ID_A, "whole");
    expect_next(&a, ID_B, "afterwards");
    expect_end(&a, 0);
    close_archive(&a);
}

static void test_every_flipped_bit(void **state)
{
    /* Whatever bit of a line is flipped: the others come, and this one never as something else. */
    struct archive a;
    struct archive_entry entry;
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "one");
    size_t from = file_size(&a);
    add(&a, ID_B, "two");
    size_t to = file_size(&a);
    add(&a, ID_A, "three");
    for (size_t at = from; at < to; at++) {
        uint8_t good, bad;
        struct buf body = BUF_INIT(64);
        assert_int_equal(pread(a.fd, &good, 1, (off_t)at), 1);
        bad = good ^ (uint8_t)(1 << at % 7);
        assert_int_equal(pwrite(a.fd, &bad, 1, (off_t)at), 1);
        archive_rewind(&a, "");
        expect_next(&a, ID_A, "one");
        assert_int_equal(archive_next(&a, &entry), ERR_OK);
        if (strcmp(entry.record.id, ID_B) == 0) {
            assert_int_equal(archive_read(&a, &entry, &body), ERR_DAMAGED);
            assert_int_equal(archive_next(&a, &entry), ERR_OK);
        } else if (at < to - 1) {
            assert_true(a.unreadable > 0);
        }
        /* A line without its LF is one with the next. */
        assert_string_equal(entry.record.id, ID_A);
        assert_int_equal(pwrite(a.fd, &good, 1, (off_t)at), 1);
        buf_free(&body);
        if (at == to - 2)
            break;
    }
    close_archive(&a);
}

static void test_no_room(void **state)
{
    /* What doesn't fit on the disk leaves nothing behind. */
    struct archive a;
    struct rlimit before, small;
    struct record r = made(RECORD_RECEIVED, ID_B, "bob");
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "x");
    size_t size = file_size(&a);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){(rlim_t)size + 100, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = archive_add(&a, &r, SPAN("y"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(err, ERR_OK);
    assert_int_equal(file_size(&a), size);
    close_archive(&a);
}

static void test_other_keys(void **state)
{
    /* What is sealed under other keys is counted, and passed over. */
    struct archive a, b;
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "x");
    assert_int_equal(archive_open(&b, dir, other_key), ERR_OK);
    expect_end(&b, 1);
    add(&b, ID_B, "y");
    archive_rewind(&a, "");
    expect_next(&a, ID_A, "x");
    expect_end(&a, 1);
    archive_close(&b);
    close_archive(&a);
}

static void test_another_token_in_its_place(void **state)
{
    /* It is sealed under the right key, but longer than any record: only its own line can't be read. */
    struct archive a;
    struct buf token = BUF_INIT(8192), line = BUF_INIT(8192);
    static const uint8_t text[RECORD_TEXT_MAX + 1];
    (void)state;
    open_archive(&a);
    add(&a, ID_A, "one");
    assert_int_equal(fernet_seal(&token, key, 0, span_of(text, sizeof(text))), ERR_OK);
    assert_int_equal(buf_printf(&line, "%s %zu 0 ", ID_B, token.len), ERR_OK);
    assert_int_equal(buf_append_span(&line, buf_span(&token)), ERR_OK);
    assert_int_equal(buf_append_str(&line, " \n"), ERR_OK);
    assert_int_equal(pwrite(a.fd, line.data, line.len, (off_t)file_size(&a)), line.len);
    add(&a, ID_A, "three");
    archive_rewind(&a, "");
    expect_next(&a, ID_A, "one");
    expect_next(&a, ID_A, "three");
    expect_end(&a, 1);
    buf_free(&token);
    buf_free(&line);
    close_archive(&a);
}

static int start(void **state)
{
    (void)state;
    return crypto_init(65536) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    crypto_end();
    return 0;
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_in_and_out),
        IN_DIRECTORY(test_look),
        IN_DIRECTORY(test_every_torn_end),
        IN_DIRECTORY(test_every_flipped_bit),
        IN_DIRECTORY(test_no_room),
        IN_DIRECTORY(test_other_keys),
        IN_DIRECTORY(test_another_token_in_its_place),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
