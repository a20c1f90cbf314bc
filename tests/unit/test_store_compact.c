/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compaction: what lives is carried into the next generation, whoever is at work or dies meanwhile. */
#include "store/gdbm/compact.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/gdbm/commit.h"
#include "store/gdbm/point.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

static struct marker read_marker(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker;
}

static enum err compact(struct store *s, const char *user, struct compact_outcome *outcome)
{
    const struct compact_order order = {.is_forced = true};
    struct gdbm_store *k = keeper_of(s);
    return compact_shard(k, keys_shard(&k->keys, user, k->directory.shard_count), &order, outcome);
}

static void compact_bob(struct store *s)
{
    struct compact_outcome outcome;
    assert_int_equal(compact(s, "bob", &outcome), ERR_OK);
    assert_true(outcome.is_done);
}

/* Bob with messages 1 to n, of which the even ones are acknowledged. */
static struct store_login fill(struct fixture *f, unsigned n)
{
    struct store_login bob = fixture_register(f->s, "bob");
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    for (unsigned i = 2; i <= n; i += 2)
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    return bob;
}

static void expect_filled(struct store *s, const struct store_login *bob, unsigned n)
{
    struct store_cursor cursor = {0};
    assert_int_equal(fixture_unread(s, bob), (n + 1) / 2);
    for (unsigned i = 1; i <= n; i += 2)
        fixture_expect(s, bob, &cursor, i);
    fixture_expect_none(s, bob, &cursor);
    for (unsigned i = 1; i <= n; i++)
        assert_int_equal(fixture_put_n(s, "bob", i), ERR_DUPLICATE);
}

/* A name in bob's shard; NULL ends the search. */
static const char *neighbour(struct store *s, unsigned wanted)
{
    static char name[8];
    struct gdbm_store *k = keeper_of(s);
    unsigned home = keys_shard(&k->keys, "bob", k->directory.shard_count);
    for (unsigned i = 0, found = 0;; i++) {
        snprintf(name, sizeof(name), "u%u", i);
        if (keys_shard(&k->keys, name, k->directory.shard_count) == home && found++ == wanted)
            return name;
    }
}

static void lose_index_and_marker(const struct fixture *f)
{
    static const uint8_t zeros[sizeof(struct marker)];
    file_write(file_named(f, "lock").text, zeros, sizeof(zeros), 0);
    files_remove(f, "index.gdbm");
}

static void what_lives_is_as_it_was(void **state)
{
    /* Messages, order, ids, logins and cursors, for both handles, again and again, and from the log alone. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 200);
    struct store_cursor mine = {0};
    struct store_cursor yours = {0};
    for (unsigned i = 1; i <= 41; i += 2) {
        fixture_expect(f->s, &bob, &mine, i);
        fixture_expect(f->s2, &bob, &yours, i);
    }
    for (unsigned round = 0; round < 3; round++) {
        uint64_t before = read_marker(f).end;
        compact_bob(round % 2 ? f->s2 : f->s);
        assert_int_equal(read_marker(f).generation, 2 + round);
        assert_true(round > 0 || read_marker(f).end < before);
        fixture_expect(f->s, &bob, &mine, 43 + 2 * round);
        fixture_expect(f->s2, &bob, &yours, 43 + 2 * round);
        expect_filled(f->s, &bob, 200);
        expect_filled(f->s2, &bob, 200);
        struct marker marker = read_marker(f);
        lose_index_and_marker(f);
        expect_filled(f->s2, &bob, 200);
        assert_int_equal(read_marker(f).end, marker.end);
        assert_int_equal(read_marker(f).live_bytes, marker.live_bytes);
        assert_int_equal(read_marker(f).live_records, marker.live_records);
        assert_int_equal(read_marker(f).serial, marker.serial);
        assert_int_equal(read_marker(f).last_time, marker.last_time);
    }
    uint64_t unread = 0;
    uint64_t ungiven = 0;
    assert_int_equal(store_count(f->s, &bob, &mine, &unread, &ungiven), ERR_OK);
    assert_int_equal(ungiven, 100 - 24);
    glob_t logs = files_named(f, "log.*");
    assert_int_equal(logs.gl_pathc, 1);
    globfree(&logs);
}

static void nothing_dead_is_left(void **state)
{
    /* The marker's count of live bytes is what a compaction writes, whatever was done before; an id that is remembered
     * counts a constant, and all of one sender's stand in one record. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 60);
    struct store_login other = fixture_register(f->s, neighbour(f->s, 0));
    struct store_login gone = fixture_register(f->s, neighbour(f->s, 1));
    struct store_account a = STORE_ACCOUNT_INIT;
    for (unsigned i = 1000; i < 1020; i++)
        assert_int_equal(fixture_put_n(f->s, gone.user, i), ERR_OK);
    assert_int_equal(fixture_ack(f->s, &gone, 1003), ERR_OK);
    assert_int_equal(store_account_get(f->s, other.user, &a), ERR_OK);
    assert_int_equal(buf_append_str(&a.vault, "a longer vault"), ERR_OK);
    assert_int_equal(store_account_change(f->s, other.user, &a), ERR_OK);
    assert_int_equal(store_account_delete(f->s, gone.user, gone.version), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_OK);
    for (int round = 0; round < 2; round++) {
        uint64_t live = read_marker(f).live_bytes;
        uint64_t fixed = sizeof(struct journal_header) + journal_record_size(8);
        compact_bob(f->s);
        assert_int_equal(read_marker(f).live_bytes, live);
        uint64_t ids = read_marker(f).memories;
        fixed +=
            journal_record_size(sizeof(struct record_memory) + ids * sizeof(struct memory_item)) -
            ids * MEMORY_LIVE;
        assert_int_equal(read_marker(f).end, live + fixed);
    }
    assert_int_equal(store_login_check(f->s2, &bob), ERR_OK);
    assert_int_equal(store_login_check(f->s2, &gone), ERR_DENIED);
    assert_int_equal(store_login_check(f->s2, &other), ERR_DENIED);
    struct store_account now = STORE_ACCOUNT_INIT;
    assert_int_equal(store_account_get(f->s2, other.user, &now), ERR_OK);
    assert_int_equal(now.version, a.version);
    assert_true(span_equal(buf_span(&now.vault), buf_span(&a.vault)));
    assert_int_equal(store_account_create(f->s2, gone.user, &now), ERR_EXISTS);
    assert_int_equal(store_account_create(f->s2, neighbour(f->s, 2), &now), ERR_OK);
    assert_true(now.version > a.version);
    store_account_free(&a);
    store_account_free(&now);
}

static void it_is_done_when_it_is_due(void **state)
{
    /* After a session only where it gives back more than it writes; twice then makes no difference. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    char body[30000];
    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    for (unsigned i = 1; i <= 4; i++) {
        assert_int_equal(fixture_put(f->s, "a", "bob", i, body), ERR_OK);
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    }
    store_maintain(f->s);
    assert_int_equal(read_marker(f).generation, 1);
    for (unsigned i = 5; i <= 14; i++) {
        assert_int_equal(fixture_put(f->s, "a", "bob", i, body), ERR_OK);
        assert_int_equal(fixture_ack(f->s, &bob, i), ERR_OK);
    }
    store_maintain(f->s);
    store_maintain(f->s);
    assert_int_equal(read_marker(f).generation, 2);
    assert_true(file_size(file_named(f, "log.2").text) < 200000);
    assert_int_equal(fixture_put(f->s, "a", "bob", 7, body), ERR_DUPLICATE);
}

/* What others do while a compaction is at a certain point: with the second handle, as another process. */
static struct {
    struct store *s;
    const struct store_login *login;
    const char *at;
    unsigned next;
    const char *from;
    const char *to;
} meanwhile;

static void do_meanwhile(const char *point)
{
    if (strcmp(point, meanwhile.at) != 0)
        return;
    for (unsigned i = 0; i < 20; i++, meanwhile.next++) {
        assert_int_equal(fixture_put_n(meanwhile.s, "bob", meanwhile.next), ERR_OK);
        if (meanwhile.next % 2 == 0)
            assert_int_equal(fixture_ack(meanwhile.s, meanwhile.login, meanwhile.next), ERR_OK);
    }
}

static void others_go_on_meanwhile(void **state)
{
    /* What comes while the living are copied, outside the lock, is in the new generation too. */
    static const char *const points[] = {"compact: begun", "compact: living copied",
                                         "compact: synced"};
    struct fixture *f = *state;
    struct store_login bob = fill(f, 100);
    meanwhile.s = f->s2;
    meanwhile.login = &bob;
    meanwhile.next = 101;
    for (size_t i = 0; i < 3; i++) {
        meanwhile.at = points[i];
        point_hook = do_meanwhile;
        compact_bob(f->s);
        point_hook = NULL;
        expect_filled(f->s, &bob, meanwhile.next - 1);
        expect_filled(f->s2, &bob, meanwhile.next - 1);
        lose_index_and_marker(f);
        expect_filled(f->s2, &bob, meanwhile.next - 1);
    }
}

static void compact_meanwhile(const char *point)
{
    struct compact_outcome outcome;
    if (strcmp(point, meanwhile.at) != 0)
        return;
    meanwhile.at = "";
    assert_int_equal(compact(meanwhile.s, "bob", &outcome), ERR_BUSY);
}

static void one_at_a_time(void **state)
{
    /* Who comes to a shard that is being compacted leaves it alone. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 50);
    meanwhile.s = f->s2;
    meanwhile.at = "compact: living copied";
    point_hook = compact_meanwhile;
    compact_bob(f->s);
    point_hook = NULL;
    assert_int_equal(read_marker(f).generation, 2);
    expect_filled(f->s2, &bob, 50);
}

static unsigned deadly;

static void die(const char *point)
{
    (void)point;
    if (--deadly == 0)
        raise(SIGKILL);
}

/* Compacts in a process that is killed at its n-th point; false once there is no such point. */
static bool die_compacting(const struct fixture *f, unsigned n)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct compact_outcome outcome;
        struct store *s = fixture_open(f);
        deadly = n;
        point_hook = die;
        _exit(compact(s, "bob", &outcome) != ERR_OK);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static unsigned count_logs(const struct fixture *f)
{
    glob_t logs = files_named(f, "log.*[0-9]");
    unsigned n = (unsigned)logs.gl_pathc;
    globfree(&logs);
    return n;
}

static void killed_anywhere_nothing_is_lost(void **state)
{
    /* At each point: the others go on with all there was; so they do after a restart of the machine at once,
     * or after one later, when more had been stored; and the next compaction succeeds. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 40);
    unsigned at[3] = {1, 1, 1};
    unsigned n = 40;
    for (unsigned way = 0; way < 3; way++) {
        for (; die_compacting(f, at[way]); at[way]++) {
            if (way == 1)
                lose_index_and_marker(f);
            for (unsigned i = 0; i < 2; i++) {
                n++;
                assert_int_equal(fixture_put_n(f->s, "bob", n), ERR_OK);
                if (n % 2 == 0)
                    assert_int_equal(fixture_ack(f->s2, &bob, n), ERR_OK);
            }
            if (way == 2)
                lose_index_and_marker(f);
            expect_filled(f->s2, &bob, n);
            expect_filled(f->s, &bob, n);
            compact_bob(f->s2);
            assert_int_equal(count_logs(f), 1);
            expect_filled(f->s, &bob, n);
        }
    }
    assert_true(at[0] > 10);
}

/* Keeps a copy of the store as it is at a point, as a loss of power would leave it at best. */
static void copy_store(const char *point)
{
    if (strcmp(point, meanwhile.at) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", "-a", meanwhile.from, meanwhile.to, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_log_that_is_not_whole_does_not_win(void **state)
{
    /* Two logs and no marker: the higher is believed if it has all that it was born with, else the lower. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 40);
    char copy[300];
    static const uint8_t zeros[64];
    snprintf(copy, sizeof(copy), "%s.copy", f->store);
    for (unsigned broken = 0; broken < 2; broken++) {
        meanwhile.at = "compact: published";
        meanwhile.from = f->store;
        meanwhile.to = copy;
        point_hook = copy_store;
        compact_bob(f->s);
        point_hook = NULL;
        struct fixture g = {0};
        snprintf(g.store, sizeof(g.store), "%.255s", copy);
        assert_int_equal(count_logs(&g), 2);
        char name[16];
        snprintf(name, sizeof(name), "log.%u", 2 + broken);
        uint64_t end = read_marker(f).end;
        if (broken)
            file_write(file_named(&g, name).text, zeros, sizeof(zeros), end - sizeof(zeros));
        struct durable durable = {0};
        file_write(file_named(&g, "lock").text, &durable, sizeof(durable), LAYOUT_DURABLE_OFFSET);
        lose_index_and_marker(&g);
        struct store *s = fixture_open_with(copy, &fixture_quota);
        expect_filled(s, &bob, 40);
        assert_int_equal(read_marker(&g).generation, 2);
        assert_int_equal(count_logs(&g), 1);
        store_close(s);
        assert_int_equal(nftw(copy, fixture_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
    }
}

static void damage_is_not_compacted_away(void **state)
{
    /* A damaged record stops a compaction, unless it was told that messages may be lost. */
    struct fixture *f = *state;
    struct store_login bob = fixture_register(f->s, "bob");
    uint64_t start = read_marker(f).end;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(fixture_put_n(f->s, "bob", i), ERR_OK);
    struct compact_outcome outcome;
    uint64_t size = (read_marker(f).end - start) / 3;
    file_spoil(file_named(f, "log.1").text, start + size + 60);
    assert_int_equal(compact(f->s, "bob", &outcome), ERR_DAMAGED);
    assert_int_equal(read_marker(f).generation, 1);
    assert_int_equal(outcome.lost, 1);
    struct store_cursor cursor = {0};
    fixture_expect(f->s2, &bob, &cursor, 1);
    const struct compact_order order = {.is_forced = true, .may_lose = true};
    assert_int_equal(compact_shard(keeper_of(f->s), shard_last(f->s, "bob")->number, &order,
                                   &outcome),
                     ERR_OK);
    assert_int_equal(outcome.lost, 1);
    fixture_expect(f->s2, &bob, &cursor, 3);
    assert_int_equal(fixture_unread(f->s, &bob), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(what_lives_is_as_it_was),
        FIXTURE_TEST(nothing_dead_is_left),
        FIXTURE_TEST(it_is_done_when_it_is_due),
        FIXTURE_TEST(others_go_on_meanwhile),
        FIXTURE_TEST(one_at_a_time),
        FIXTURE_TEST(killed_anywhere_nothing_is_lost),
        FIXTURE_TEST(a_log_that_is_not_whole_does_not_win),
        FIXTURE_TEST(damage_is_not_compacted_away),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
