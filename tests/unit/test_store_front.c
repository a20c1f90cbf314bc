/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front of an index: what one process leaves in it the next one finds, and nothing that is torn, older or newer
 * than the marker says is taken for it. */
#include "store/gdbm/front.h"

#include <signal.h>
#include <sys/resource.h>

#include "store/gdbm/index.h"
#include "store/gdbm/shard.h"
#include "store/operate.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

static const struct keys keys = {0};

struct value {
    uint64_t words[INDEX_LARGE / sizeof(uint64_t)];
};

struct place {
    char path[200];
    int dir;
};

static int enter(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    const char *base = getenv("TMPDIR");
    struct index *index;
    *state = p;
    snprintf(p->path, sizeof(p->path), "%s/secmsg-front-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(p->path) == NULL)
        return -1;
    p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->dir < 0 || index_open(&index, p->dir, INDEX_NAME, &keys, true))
        return -1;
    enum err e = index_flush(index);
    index_drop(index);
    return e ? -1 : 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    close(p->dir);
    int failed = nftw(p->path, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(p);
    return failed;
}

static size_t size_of(unsigned n)
{
    return n % 5 == 0 ? INDEX_LARGE : INDEX_SMALL;
}

static void key_of(uint8_t key[static INDEX_KEY_LEN], unsigned n)
{
    memset(key, 0, INDEX_KEY_LEN);
    key[0] = ENTRY_ID;
    memcpy(key + 1, &n, sizeof(n));
}

static void put(struct index *index, unsigned n, uint64_t what)
{
    uint8_t key[INDEX_KEY_LEN];
    struct value value = {{0, what}};
    key_of(key, n);
    assert_int_equal(index_put(index, key, &value, size_of(n)), ERR_OK);
}

static enum err get(struct index *index, unsigned n, uint64_t *what)
{
    uint8_t key[INDEX_KEY_LEN];
    struct value value = {{0}};
    key_of(key, n);
    enum err e = index_get(index, key, &value, size_of(n));
    *what = value.words[1];
    return e;
}

static enum err drop(struct index *index, unsigned n)
{
    uint8_t key[INDEX_KEY_LEN];
    key_of(key, n);
    return index_remove(index, key, size_of(n));
}

static struct index *open_plain(const struct place *p)
{
    struct index *index;
    assert_int_equal(index_open(&index, p->dir, INDEX_NAME, &keys, false), ERR_OK);
    return index;
}

static struct index *open_at(const struct place *p, const struct marker *marker)
{
    struct index *index = open_plain(p);
    assert_int_equal(index_load_front(index, marker->front), ERR_OK);
    return index;
}

static void flush(struct index *index, struct marker *marker)
{
    assert_int_equal(index_flush(index), ERR_OK);
    assert_int_equal(index_note(index, marker), ERR_OK);
}

static void what_one_leaves_the_next_one_finds(void **state)
{
    /* A few changes touch the front alone; a hundred don't fit, and the rest is found in GDBM. Each comes with another
     * handle, as with another process. */
    const struct place *p = *state;
    struct marker marker = {0};
    uint64_t what, before = 0;
    for (unsigned n = 0; n < 100; n++) {
        struct index *index = open_at(p, &marker);
        put(index, n, n + 1000);
        flush(index, &marker);
        if (n < 10)
            before = marker.index_writes;
        index_drop(index);
    }
    assert_int_equal(before, 0);
    assert_true(marker.index_writes > 0);
    struct index *index = open_at(p, &marker);
    for (unsigned n = 0; n < 100; n++) {
        assert_int_equal(get(index, n, &what), ERR_OK);
        assert_int_equal(what, n + 1000);
    }
    assert_int_equal(get(index, 100, &what), ERR_NOT_FOUND);
    index_drop(index);
}

static void what_is_removed_is_gone_from_both(void **state)
{
    /* What came and went in the front never was in GDBM; what GDBM has stays hidden by the front until that tells it. */
    const struct place *p = *state;
    struct marker marker = {0};
    uint64_t what;
    struct index *index = open_at(p, &marker);
    assert_int_equal(get(index, 1, &what), ERR_NOT_FOUND);
    put(index, 1, 1);
    flush(index, &marker);
    assert_int_equal(drop(index, 1), ERR_OK);
    flush(index, &marker);
    assert_int_equal(marker.front, 0);
    assert_int_equal(marker.index_writes, 0);
    for (unsigned n = 0; n < 200; n++)
        put(index, n, n);
    flush(index, &marker);
    for (unsigned n = 0; n < 200; n += 2)
        assert_int_equal(drop(index, n), ERR_OK);
    flush(index, &marker);
    index_drop(index);
    index = open_at(p, &marker);
    for (unsigned n = 0; n < 200; n++)
        assert_int_equal(get(index, n, &what), n % 2 ? ERR_OK : ERR_NOT_FOUND);
    assert_int_equal(drop(index, 0), ERR_NOT_FOUND);
    index_drop(index);
}

static void another_time_s_front_is_refused(void **state)
{
    /* Older, newer, cut short, missing: none has the digest that the marker speaks of. An empty one needs no file. */
    const struct place *p = *state;
    struct marker first = {0}, second = {0};
    struct index *index = open_at(p, &first);
    put(index, 1, 1);
    flush(index, &first);
    second = first;
    put(index, 1, 2);
    flush(index, &second);
    index_drop(index);
    assert_int_not_equal(first.front, second.front);
    index = open_plain(p);
    assert_int_equal(index_load_front(index, first.front), ERR_DAMAGED);
    assert_int_equal(index_load_front(index, second.front), ERR_OK);
    index_drop(index);
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", p->path, FRONT_NAME);
    assert_int_equal(truncate(path, sizeof(struct front_image) - 1), 0);
    index = open_plain(p);
    assert_int_equal(index_load_front(index, second.front), ERR_DAMAGED);
    index_drop(index);
    assert_int_equal(unlink(path), 0);
    index = open_plain(p);
    assert_int_equal(index_load_front(index, second.front), ERR_DAMAGED);
    assert_int_equal(index_load_front(index, 0), ERR_OK);
    index_drop(index);
}

static void a_flipped_bit_shows_nothing_wrong(void **state)
{
    /* At each byte of the file: it is refused at once, or when the entry is asked for, or nothing depended on it. */
    const struct place *p = *state;
    struct marker marker = {0};
    struct index *index = open_at(p, &marker);
    char path[400];
    unsigned refused = 0;
    for (unsigned n = 0; n < 12; n++)
        put(index, n, n + 7);
    flush(index, &marker);
    for (unsigned n = 0; n < 12; n += 3)
        assert_int_equal(drop(index, n), ERR_OK);
    flush(index, &marker);
    index_drop(index);
    snprintf(path, sizeof(path), "%s/%s", p->path, FRONT_NAME);
    for (uint64_t at = 0; at < sizeof(struct front_image); at++) {
        file_flip(path, at, (unsigned)at % 8);
        index = open_plain(p);
        enum err e = index_load_front(index, marker.front);
        for (unsigned n = 0; !e && n < 12; n++) {
            uint64_t what;
            e = get(index, n, &what);
            if (!e)
                assert_int_equal(what, n + 7);
            if (e == ERR_NOT_FOUND && n % 3 == 0)
                e = ERR_OK;
        }
        assert_true(e == ERR_OK || e == ERR_DAMAGED);
        refused += e == ERR_DAMAGED;
        index_drop(index);
        file_flip(path, at, (unsigned)at % 8);
    }
    assert_true(refused > 12 * 24);
}

static void after_an_empty_front_nothing_old_comes_back(void **state)
{
    /* A rebuild's marker speaks of no front; whoever then writes one leaves nothing in it of the last. */
    const struct place *p = *state;
    struct marker marker = {0}, empty = {0};
    uint64_t what;
    struct index *index = open_at(p, &marker);
    for (unsigned n = 0; n < 20; n++)
        put(index, n, n);
    flush(index, &marker);
    index_drop(index);
    index = open_at(p, &empty);
    put(index, 30, 30);
    flush(index, &empty);
    index_drop(index);
    index = open_at(p, &empty);
    assert_int_equal(get(index, 30, &what), ERR_OK);
    assert_int_equal(get(index, 3, &what), ERR_NOT_FOUND);
    index_drop(index);
}

static void what_makes_room_needs_none(void **state)
{
    /* With a front full of what GDBM has never heard of, and a limit to the size of its file: what GDBM has changes
     * in its place, again and again, and so does what is in the front. */
    const struct place *p = *state;
    struct marker marker = {0};
    struct rlimit limit, before;
    struct stat st;
    uint64_t what;
    struct index *index = open_at(p, &marker);
    for (unsigned n = 0; n < 600; n++) {
        put(index, n, n);
        flush(index, &marker);
    }
    assert_int_equal(index_stat(index, &st), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)st.st_size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (unsigned n = 0; n < 600; n++) {
        assert_int_equal(get(index, n, &what), ERR_OK);
        put(index, n, n + 1);
        assert_int_equal(index_flush_in_place(index), ERR_OK);
        assert_int_equal(index_note(index, &marker), ERR_OK);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    index_drop(index);
    index = open_at(p, &marker);
    for (unsigned n = 0; n < 600; n++) {
        assert_int_equal(get(index, n, &what), ERR_OK);
        assert_int_equal(what, n + 1);
    }
    index_drop(index);
}

static void two_handles_see_each_other_s_changes(void **state)
{
    /* By turns, in a store: GDBM's own file stays the same meanwhile, so what it has open goes on being used. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    struct stat before, after;
    assert_int_equal(stat(file_named(f, INDEX_NAME).text, &before), 0);
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(fixture_put_n(i % 2 ? f->s : f->s2, "bob", i), ERR_OK);
    assert_int_equal(stat(file_named(f, INDEX_NAME).text, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
    assert_int_equal(fixture_unread(f->s, &bob), 10);
    assert_int_equal(fixture_unread(f->s2, &bob), 10);
    for (unsigned i = 1; i <= 10; i++)
        assert_int_equal(fixture_put_n(i % 2 ? f->s2 : f->s, "bob", i), ERR_DUPLICATE);
}

static void a_lost_front_costs_a_rebuild(void **state)
{
    /* Removed, or spoilt, under a store: nothing is missing, and a check finds nothing. */
    struct fixture *f = *state;
    struct operate_check check;
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    files_remove(f, FRONT_NAME);
    assert_int_equal(fixture_unread(f->s2, &bob), 4);
    assert_int_equal(fixture_put_n(f->s, "bob", 5), ERR_OK);
    file_flip(file_named(f, FRONT_NAME).text, 20, 1);
    assert_int_equal(fixture_unread(f->s2, &bob), 5);
    unsigned home = shard_last(f->s, "bob")->number;
    assert_int_equal(operate_check(f->s2, home, false, &check), ERR_OK);
    assert_int_equal(check.verdict, OPERATE_CLEAN);
}

static void a_lost_front_is_never_done_without(void **state)
{
    /* Where the index can't be built again either, since the log is damaged, nobody is told what it lacks: not at the
     * first time, and not later. */
    struct fixture *f = *state;
    fixture_register(f->s, "bob");
    assert_int_equal(fixture_put_n(f->s, "bob", 1), ERR_OK);
    file_spoil(file_named(f, "log.1").text, sizeof(struct journal_header) + 40);
    files_remove(f, FRONT_NAME);
    for (int time = 0; time < 3; time++)
        assert_int_equal(store_account_find(f->s2, "bob"), ERR_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_one_leaves_the_next_one_finds, enter, leave),
        cmocka_unit_test_setup_teardown(what_is_removed_is_gone_from_both, enter, leave),
        cmocka_unit_test_setup_teardown(another_time_s_front_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(a_flipped_bit_shows_nothing_wrong, enter, leave),
        cmocka_unit_test_setup_teardown(after_an_empty_front_nothing_old_comes_back, enter, leave),
        cmocka_unit_test_setup_teardown(what_makes_room_needs_none, enter, leave),
        FIXTURE_TEST(two_handles_see_each_other_s_changes),
        FIXTURE_TEST(a_lost_front_costs_a_rebuild),
        FIXTURE_TEST(a_lost_front_is_never_done_without),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
