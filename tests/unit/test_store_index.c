/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What opening an index answers where it can't be opened: only old contents can be damaged. */
#include "store/gdbm/index.h"

#include <fcntl.h>

#include "tests/unit/store_fixture.h"

#include "base/banned.h"

static const struct keys keys = {0};

struct place {
    char path[200];
    int dir;
};

static int enter(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    const char *base = getenv("TMPDIR");
    *state = p;
    snprintf(p->path, sizeof(p->path), "%s/secmsg-index-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(p->path) == NULL)
        return -1;
    p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return p->dir < 0 ? -1 : 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    close(p->dir);
    int failed = nftw(p->path, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(p);
    return failed;
}

/* What opening that file of that directory answers; of a new one, what writing it does. */
static enum err opened(int dir, const char *name, bool is_new)
{
    struct index *index = NULL;
    enum err e = index_open(&index, dir, name, &keys, is_new);
    assert_true((index != NULL) == (e == ERR_OK));
    if (!e)
        e = index_flush(index);
    index_drop(index);
    return e;
}

static void fill(const struct place *p, const char *name, const void *data, size_t n)
{
    int fd = openat(p->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
}

static void an_index_is_made_and_opened(void **state)
{
    /* And a missing one isn't made where none is wanted. */
    const struct place *p = *state;
    assert_int_equal(opened(p->dir, "index", false), ERR_NOT_FOUND);
    assert_int_equal(opened(p->dir, "index", true), ERR_OK);
    assert_int_equal(opened(p->dir, "index", false), ERR_OK);
    assert_int_equal(opened(p->dir, "index", true), ERR_OK);
}

static void a_file_that_gdbm_refuses_is_damaged(void **state)
{
    /* Cut short at each length, another's, and with each byte of its header and directory flipped. */
    const struct place *p = *state;
    uint8_t good[4096 * 3];
    uint8_t bad[sizeof(good)];
    assert_int_equal(opened(p->dir, "index", true), ERR_OK);
    int fd = openat(p->dir, "index", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, good, sizeof(good));
    close(fd);
    assert_true(n > 64);
    for (size_t cut = 1; cut < (size_t)n; cut += cut < 128 ? 1 : 997) {
        fill(p, "index", good, cut);
        enum err e = opened(p->dir, "index", false);
        assert_true(e == ERR_DAMAGED || (e == ERR_OK && cut >= 128));
    }
    for (size_t at = 0; at < (size_t)n; at += at < 1024 ? 1 : 61) {
        memcpy(bad, good, (size_t)n);
        bad[at] ^= 0xff;
        fill(p, "index", bad, (size_t)n);
        enum err e = opened(p->dir, "index", false);
        assert_true(e == ERR_DAMAGED || e == ERR_OK);
    }
    fill(p, "index", "not an index at all", 19);
    assert_int_equal(opened(p->dir, "index", false), ERR_DAMAGED);
}

static void a_full_disk_is_no_damage(void **state)
{
    /* /dev/full answers each write with ENOSPC. */
    (void)state;
    int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(opened(dev, "full", true), ERR_NO_SPACE);
    close(dev);
}

static void a_new_file_that_cant_be_written_is_no_damage(void **state)
{
    /* Nothing is mapped at address 0, so a write there is an EIO. */
    (void)state;
    int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(opened(self, "mem", true), ERR_IO);
    close(self);
}

static void count_differences(const struct place *p, struct index *made, uint64_t wanted)
{
    struct index *file;
    uint64_t differences;
    assert_int_equal(index_open_read_only(&file, p->dir, "index", &keys), ERR_OK);
    assert_int_equal(index_compare(made, file, &differences), ERR_OK);
    assert_int_equal(differences, wanted);
    index_drop(file);
}

static void store_some(struct index *index, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        uint8_t key[INDEX_KEY_LEN] = {ENTRY_ID};
        uint64_t value[INDEX_LARGE / sizeof(uint64_t)] = {0, i};
        memcpy(key + 1, &i, sizeof(i));
        assert_int_equal(index_put(index, key, value, i % 2 ? INDEX_SMALL : INDEX_LARGE), ERR_OK);
    }
}

static void a_new_index_is_its_files_from_the_first_flush_on(void **state)
{
    /* Until then the file is empty, and behind it each flush reaches the file; a read after the switch finds all. */
    const struct place *p = *state;
    struct index *index;
    struct stat st, named;
    uint64_t value[INDEX_LARGE / sizeof(uint64_t)];
    assert_int_equal(index_open(&index, p->dir, "index", &keys, true), ERR_OK);
    store_some(index, 0, 3000);
    assert_int_equal(index_stat(index, &st), ERR_OK);
    assert_int_equal(st.st_size, 0);
    for (int flush = 1; flush <= 2; flush++) {
        assert_int_equal(index_flush(index), ERR_OK);
        assert_int_equal(index_stat(index, &st), ERR_OK);
        assert_int_equal(fstatat(p->dir, "index", &named, 0), 0);
        assert_true(st.st_ino == named.st_ino && st.st_dev == named.st_dev && st.st_size > 0);
        count_differences(p, index, 0);
        store_some(index, 3000, 3100);
    }
    for (uint64_t i = 0; i < 3100; i++) {
        uint8_t key[INDEX_KEY_LEN] = {ENTRY_ID};
        memcpy(key + 1, &i, sizeof(i));
        assert_int_equal(index_get(index, key, value, i % 2 ? INDEX_SMALL : INDEX_LARGE), ERR_OK);
        assert_int_equal(value[1], i);
    }
    index_drop(index);
}

static void a_name_that_cant_be_opened_is_no_damage(void **state)
{
    /* A directory, a link. */
    const struct place *p = *state;
    assert_int_equal(mkdirat(p->dir, "directory", 0700), 0);
    assert_int_equal(symlinkat("index", p->dir, "link"), 0);
    for (int is_new = 0; is_new <= 1; is_new++) {
        assert_int_equal(opened(p->dir, "directory", is_new), ERR_IO);
        assert_int_equal(opened(p->dir, "link", is_new), ERR_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_index_is_made_and_opened, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_that_gdbm_refuses_is_damaged, enter, leave),
        cmocka_unit_test_setup_teardown(a_full_disk_is_no_damage, enter, leave),
        cmocka_unit_test_setup_teardown(a_new_file_that_cant_be_written_is_no_damage, enter, leave),
        cmocka_unit_test_setup_teardown(a_new_index_is_its_files_from_the_first_flush_on, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(a_name_that_cant_be_opened_is_no_damage, enter, leave),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
