/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The embedded keeper on a disk that fails to write: once, or on and on. */
#include "store/gdbm/failed.h"
#include "store/gdbm/shard.h"

#include <errno.h>
#include <sys/syscall.h>

#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Stands before the C library's: as long as this is set, nothing gets to the disk. What has no name is in
 * memory. */
static bool is_disk_failing;

static int sync_or_fail(long call, int fd)
{
    struct stat st;
    if (is_disk_failing && fstat(fd, &st) == 0 && st.st_nlink > 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fdatasync(int fd)
{
    return sync_or_fail(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_or_fail(SYS_fsync, fd);
}

static uint64_t generation_of(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker.generation;
}

static struct store_login fill(struct fixture *f, unsigned n)
{
    is_disk_failing = false;
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    return bob;
}

static void expect_all(struct store *s, const struct store_login *bob, unsigned n)
{
    struct store_cursor cursor = {0};
    assert_int_equal(fixture_unread(s, bob), n);
    for (unsigned i = 1; i <= n; i++)
        fixture_expect(s, bob, &cursor, i);
    fixture_expect_none(s, bob, &cursor);
}

/* No next generation can be made as long as this directory has its name. */
static struct file_path obstacle(const struct fixture *f)
{
    struct file_path path = file_named(f, "log.1");
    snprintf(path.text + strlen(path.text) - 1, 8, "2.new");
    return path;
}

static void an_error_once_costs_a_generation(void **state)
{
    /* Whoever comes next makes the next generation before anything else, and reads and writes there. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    is_disk_failing = true;
    assert_int_equal(fixture_put_n(f->s, "bob", 11), ERR_IO);
    is_disk_failing = false;
    expect_all(f->s2, &bob, 11);
    assert_int_equal(generation_of(f), 2);
    assert_int_equal(fixture_put_n(f->s2, "bob", 11), ERR_DUPLICATE);
    assert_int_equal(fixture_put_n(f->s2, "bob", 12), ERR_OK);
    expect_all(f->s, &bob, 12);
    fixture_reopen(f);
    expect_all(f->s, &bob, 12);
    assert_int_equal(generation_of(f), 2);
}

static void a_failing_disk_is_read_up_to_what_is_durable(void **state)
{
    /* What came after is told to nobody, neither in a message nor in a count; and nothing is taken in. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    is_disk_failing = true;
    assert_int_equal(fixture_put_n(f->s, "bob", 11), ERR_IO);
    for (int round = 0; round < 2; round++) {
        expect_all(f->s2, &bob, 10);
        assert_int_equal(fixture_put_n(f->s2, "bob", 12), ERR_READ_ONLY);
        assert_int_equal(fixture_ack(f->s2, &bob, 1), ERR_READ_ONLY);
        expect_all(f->s2, &bob, 10);
        store_maintain(f->s2);
        is_disk_failing = false; /* opening syncs too */
        fixture_reopen(f);
        is_disk_failing = true;
    }
    assert_int_equal(generation_of(f), 1);
    is_disk_failing = false;
    fixture_reopen(f);
    expect_all(f->s, &bob, 11);
    assert_int_equal(fixture_put_n(f->s, "bob", 12), ERR_OK);
    assert_int_equal(generation_of(f), 2);
}

static void what_a_session_has_seen_undurable_it_is_not_told(void **state)
{
    /* A put between lock and settle, when somebody else's fdatasync fails: settle refuses, again and again.
     */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 4);
    struct store_share share;
    struct fixture_id id = fixture_id(70);
    struct store_put put = {.recipient = "bob",
                            .sender = "sender",
                            .id = id.text,
                            .body = SPAN("body 70")};
    uint64_t n;
    assert_int_equal(store_put(f->s, &put, &share), ERR_OK);
    assert_int_equal(store_count(f->s2, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(n, 5);
    failed_set(shard_last(f->s, "bob"));
    assert_int_equal(store_settle(f->s), ERR_READ_ONLY);
    assert_int_equal(store_settle(f->s2), ERR_READ_ONLY);
    is_disk_failing = true;
    assert_int_equal(store_count(f->s2, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(n, 4);
    assert_int_equal(store_settle(f->s2), ERR_READ_ONLY);
    is_disk_failing = false;
    assert_int_equal(fixture_unread(f->s, &bob),
                     5); /* the next generation has it, and is durable */
    assert_int_equal(store_settle(f->s2), ERR_OK);
    assert_int_equal(store_put(f->s, &put, &share), ERR_DUPLICATE);
}

static void without_room_for_a_generation_all_can_be_read(void **state)
{
    /* The undurable bytes are written again in their place; nothing more is taken in. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 10);
    struct file_path path = obstacle(f);
    assert_int_equal(mkdir(path.text, 0700), 0);
    is_disk_failing = true;
    assert_int_equal(fixture_put_n(f->s, "bob", 11), ERR_IO);
    is_disk_failing = false;
    expect_all(f->s2, &bob, 11);
    assert_int_equal(fixture_put_n(f->s2, "bob", 12), ERR_READ_ONLY);
    files_remove(f, "index.gdbm");
    fixture_reopen(f);
    expect_all(f->s, &bob, 11);
    assert_int_equal(fixture_put_n(f->s, "bob", 12), ERR_READ_ONLY);
    assert_int_equal(rmdir(path.text), 0);
    store_maintain(f->s);
    assert_int_equal(generation_of(f), 2);
    assert_int_equal(fixture_put_n(f->s, "bob", 12), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(an_error_once_costs_a_generation),
        FIXTURE_TEST(a_failing_disk_is_read_up_to_what_is_durable),
        FIXTURE_TEST(what_a_session_has_seen_undurable_it_is_not_told),
        FIXTURE_TEST(without_room_for_a_generation_all_can_be_read),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
