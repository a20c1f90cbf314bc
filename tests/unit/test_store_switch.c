/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, and what must be durable before what: compactions and rebuilds that fail half-way, or whose names have
 * become somebody else's. */
#include "store/gdbm/ahead.h"
#include "store/gdbm/compact.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "store/gdbm/lock.h"
#include "store/gdbm/point.h"
#include "tests/unit/store_files.h"

#include "base/banned.h"

/* Stands before the C library's: which file can't be synced, and how often which one was. */
static struct {
    ino_t failing;
    ino_t watched;
    unsigned synced;
    bool is_write_failing;
} disk;

static int sync_file(long call, int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_ino == disk.failing) {
        errno = EIO;
        return -1;
    }
    int result = (int)syscall(call, fd);
    disk.synced += result == 0 && st.st_ino == disk.watched;
    return result;
}

int fdatasync(int fd)
{
    return sync_file(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_file(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t place)
{
    struct stat st;
    if (disk.is_write_failing && fstat(fd, &st) == 0 && st.st_ino == disk.watched) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, n, place);
}

static ino_t inode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static struct file_path beside(const struct fixture *f, const char *name)
{
    struct file_path path = file_named(f, "lock");
    snprintf(strrchr(path.text, '/') + 1, 64, "%s", name);
    return path;
}

static struct file_path above(const struct fixture *f, const char *name)
{
    struct file_path path;
    snprintf(path.text, sizeof(path.text), "%s/shards%s", f->store, name);
    return path;
}

static struct marker read_marker(const struct fixture *f)
{
    struct marker marker;
    file_read_at(file_named(f, "lock").text, &marker, sizeof(marker), 0);
    return marker;
}

static enum err compact(struct store *s, struct compact_outcome *outcome)
{
    const struct compact_order order = {.is_forced = true};
    struct gdbm_store *k = keeper_of(s);
    return compact_shard(k, keys_shard(&k->keys, "bob", k->directory.shard_count), &order, outcome);
}

static struct store_login fill(struct fixture *f, unsigned n)
{
    memset(&disk, 0, sizeof(disk));
    point_hook = NULL;
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

static void lose_index_and_marker(const struct fixture *f)
{
    static const uint8_t zeros[sizeof(struct marker)];
    file_write(file_named(f, "lock").text, zeros, sizeof(zeros), 0);
    files_remove(f, "index.gdbm");
}

static enum err put_unsettled(struct store *s, unsigned n)
{
    struct fixture_id id = fixture_id(n);
    struct store_share share;
    const struct store_put put = {.recipient = "bob",
                                  .sender = "sender",
                                  .id = id.text,
                                  .body = SPAN("body")};
    return store_put(s, &put, &share);
}

/* What happens at a point, once. */
static struct {
    const struct fixture *f;
    const char *at;
    const char *name;
    int signal;
    pid_t other;
} turn;

static bool is_turn(const char *point)
{
    if (turn.at == NULL || strcmp(point, turn.at) != 0)
        return false;
    turn.at = NULL;
    return true;
}

static void stop_or_die(const char *point)
{
    if (is_turn(point))
        raise(turn.signal);
}

/* A process that compacts, whose directory can't be synced, and that gets a signal at a point. */
static pid_t start(const struct fixture *f, bool is_failing, const char *at, int signal)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct compact_outcome outcome;
    struct store *s = fixture_open(f);
    disk.failing = is_failing ? inode_of(beside(f, ".").text) : 0;
    turn.at = at;
    turn.signal = signal;
    point_hook = stop_or_die;
    _exit(compact(s, &outcome) != ERR_OK);
}

/* Ours is between two locks: the other goes on and gives up. What is ours must stay. */
static void let_other_go_on(const char *point)
{
    if (!is_turn(point))
        return;
    ino_t log = inode_of(beside(turn.f, "log.2.new").text);
    ino_t index = inode_of(beside(turn.f, "index.next").text);
    int status;
    assert_true(log != 0 && index != 0);
    assert_int_equal(kill(turn.other, SIGCONT), 0);
    assert_int_equal(waitpid(turn.other, &status, 0), turn.other);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_true(log == inode_of(beside(turn.f, "log.2.new").text));
    assert_true(index == inode_of(beside(turn.f, "index.next").text));
}

static void who_fails_late_leaves_anothers_files(void **state)
{
    /* A compaction fails behind its renaming, and is slow to clean up; by then the names are another's. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    int status;
    turn.f = f;
    turn.other = start(f, true, "compact: left", SIGSTOP);
    assert_int_equal(waitpid(turn.other, &status, WUNTRACED), turn.other);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(fixture_put_n(f->s2, "bob", 21), ERR_OK);
    struct compact_outcome outcome;
    turn.at = "compact: living copied";
    point_hook = let_other_go_on;
    assert_int_equal(compact(f->s, &outcome), ERR_OK);
    point_hook = NULL;
    assert_int_equal(read_marker(f).generation, 2);
    lose_index_and_marker(f);
    expect_all(f->s2, &bob, 21);
}

/* Under the shard's lock: a name leads to another file now. */
static void replace(const char *point)
{
    if (!is_turn(point))
        return;
    struct file_path from = beside(turn.f, "foreign");
    int fd = open(from.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(rename(from.text, beside(turn.f, turn.name).text), 0);
}

static void only_what_it_made_is_published(void **state)
{
    /* Where log.2.new or index.next is another file, nothing is renamed, and that file stays. */
    static const char *const names[] = {"log.2.new", "index.next"};
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    for (size_t i = 0; i < 2; i++) {
        struct compact_outcome outcome;
        turn.f = f;
        turn.at = "compact: complete";
        turn.name = names[i];
        point_hook = replace;
        assert_int_equal(compact(f->s, &outcome), ERR_BUSY);
        point_hook = NULL;
        assert_int_equal(read_marker(f).generation, 1);
        assert_int_equal(file_size(beside(f, names[i]).text), 0);
        expect_all(f->s, &bob, 20);
        expect_all(f->s2, &bob, 20);
        assert_int_equal(unlink(beside(f, names[i]).text), 0);
    }
}

static void nothing_is_left_of_what_did_not_begin(void **state)
{
    /* A next generation whose log or index can't even be begun leaves no file. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    struct compact_outcome outcome;
    struct rlimit before, none;
    assert_int_equal(mkdir(beside(f, "index.next").text, 0700), 0);
    assert_int_not_equal(compact(f->s, &outcome), ERR_OK);
    assert_int_equal(inode_of(beside(f, "log.2.new").text), 0);
    assert_int_equal(rmdir(beside(f, "index.next").text), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(compact(f->s, &outcome), ERR_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(inode_of(beside(f, "log.2.new").text), 0);
    expect_all(f->s2, &bob, 20);
}

static void a_removed_log_stays_removed(void **state)
{
    /* Who removed a higher log died before the directory was synced: the next one syncs it, and then only
     * tells. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 20);
    int status;
    pid_t pid = start(f, false, "compact: directory synced", SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    pid = start(f, false, "generation: removed", SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(inode_of(beside(f, "log.2").text), 0);
    disk.watched = inode_of(beside(f, ".").text);
    disk.synced = 0;
    assert_int_equal(fixture_put_n(f->s, "bob", 21), ERR_OK);
    assert_true(disk.synced > 0);
    expect_all(f->s2, &bob, 21);
}

static void without_its_log_nothing_is_told(void **state)
{
    /* A put that isn't settled, and a rebuild for which the log can't be opened: settle fails till it can. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    uint64_t n;
    assert_int_equal(put_unsettled(f->s, 70), ERR_OK);
    files_remove(f, "index.gdbm");
    struct file_path log = beside(f, "log.1");
    struct file_path away = beside(f, "away");
    assert_int_equal(rename(log.text, away.text), 0);
    assert_int_not_equal(store_count(f->s, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_IO);
    assert_int_equal(rename(away.text, log.text), 0);
    assert_int_equal(store_count(f->s, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_OK);
    assert_int_equal(fixture_unread(f->s2, &bob), 6);
}

static void a_rebuild_that_failed_has_synced_nothing(void **state)
{
    /* It opened the log anew, and the new descriptor knows of no earlier error: settle doesn't ask it. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    uint64_t n;
    assert_int_equal(put_unsettled(f->s, 70), ERR_OK);
    files_remove(f, "index.gdbm");
    assert_int_equal(mkdir(beside(f, "index.new").text, 0700), 0);
    assert_int_not_equal(store_count(f->s, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_IO);
    assert_int_equal(rmdir(beside(f, "index.new").text), 0);
    assert_int_equal(store_count(f->s, &bob, NULL, &n, &n), ERR_OK);
    assert_int_equal(store_settle(f->s), ERR_OK);
}

static void a_log_that_was_not_written_again_is_not_used(void **state)
{
    /* Opening writes again what isn't durable; where that fails it does so at the next call. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    uint64_t n;
    assert_int_equal(put_unsettled(f->s, 70), ERR_OK);
    disk.watched = inode_of(beside(f, "log.1").text);
    disk.is_write_failing = true;
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_count(f->s2, &bob, NULL, &n, &n), ERR_IO);
    disk.is_write_failing = false;
    assert_int_equal(fixture_unread(f->s2, &bob), 6);
}

static enum err create(struct store *s, const char *user)
{
    struct store_account a = STORE_ACCOUNT_INIT;
    enum err e = store_account_create(s, user, &a);
    enum err settled = store_settle(s);
    store_account_free(&a);
    return e ? e : settled;
}

static void a_shard_is_noted_before_anybody_is_told(void **state)
{
    /* `made` can't be written, or not synced: no account. Later it is, and then there is one. */
    struct fixture *f = *state;
    memset(&disk, 0, sizeof(disk));
    struct file_path made = above(f, "/made");
    assert_int_equal(mkdir(made.text, 0700), 0);
    for (int i = 0; i < 2; i++)
        assert_int_not_equal(create(f->s, "bob"), ERR_OK);
    assert_int_equal(rmdir(made.text), 0);
    int fd = open(made.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    disk.failing = inode_of(made.text);
    for (int i = 0; i < 2; i++)
        assert_int_not_equal(create(f->s2, "bob"), ERR_OK);
    disk.watched = disk.failing;
    disk.failing = 0;
    assert_int_equal(create(f->s, "bob"), ERR_OK);
    assert_true(disk.synced > 0);
    uint8_t byte = 0;
    file_read_at(made.text, &byte, 1, shard_last(f->s, "bob")->number);
    assert_true(byte != 0);
}

static void names_above_the_shard_are_durable_first(void **state)
{
    /* A directory above that can't be synced: the next generation doesn't get round that either. */
    struct fixture *f = *state;
    memset(&disk, 0, sizeof(disk));
    disk.failing = inode_of(f->store);
    assert_int_not_equal(create(f->s, "bob"), ERR_OK);
    disk.failing = 0;
    fixture_reopen(f);
    assert_int_equal(create(f->s, "bob"), ERR_OK);
}

static void a_late_settler_leaves_the_new_durable_end(void **state)
{
    /* The durable end of a generation that was left isn't written over that of the next. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    struct compact_outcome outcome;
    assert_int_equal(compact(f->s, &outcome), ERR_OK);
    assert_int_equal(fixture_unread(f->s2, &bob), 5);
    const struct marker_file *file = &shard_last(f->s2, "bob")->file;
    uint64_t end = marker_durable_end(file, 2);
    assert_true(end > 0);
    assert_int_equal(marker_raise_durable(file, 1, end + 1000), ERR_OK);
    assert_int_equal(marker_durable_end(file, 2), end);
    assert_int_equal(marker_raise_durable(file, 2, end - 8), ERR_OK);
    assert_int_equal(marker_durable_end(file, 2), end);
}

static void who_is_stopped_raising_stops_nobody(void **state)
{
    /* He holds the durable end's lock: it lags for the others, who don't wait for ever; then it is raised. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    const struct marker_file *file = &shard_last(f->s, "bob")->file;
    uint64_t end = marker_durable_end(file, 1);
    uint64_t patience = lock_patience_ms;
    int fd = open(beside(f, "lock").text, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lock_take_range(fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable)), ERR_OK);
    lock_patience_ms = 20;
    assert_int_equal(marker_raise_durable(file, 1, end + 8), ERR_BUSY);
    assert_int_equal(fixture_put_n(f->s, "bob", 6), ERR_OK);
    assert_int_equal(marker_durable_end(file, 1), end);
    lock_patience_ms = patience;
    lock_release_range(fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable));
    assert_int_equal(fixture_unread(f->s2, &bob), 6);
    assert_int_equal(marker_durable_end(file, 1), read_marker(f).end);
    close(fd);
}

static void a_restored_log_has_room_to_leave(void **state)
{
    /* A log without zeros behind its end, as a backup's, gets them in the rebuild. */
    struct fixture *f = *state;
    struct store_login bob = fill(f, 5);
    uint64_t end = read_marker(f).end;
    struct file_path log = beside(f, "log.1");
    assert_int_equal(truncate(log.text, (off_t)end), 0);
    lose_index_and_marker(f);
    fixture_reopen(f);
    expect_all(f->s, &bob, 5);
    assert_true(file_size(log.text) >= end + AHEAD_HEADROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(who_fails_late_leaves_anothers_files),
        FIXTURE_TEST(only_what_it_made_is_published),
        FIXTURE_TEST(nothing_is_left_of_what_did_not_begin),
        FIXTURE_TEST(a_removed_log_stays_removed),
        FIXTURE_TEST(without_its_log_nothing_is_told),
        FIXTURE_TEST(a_rebuild_that_failed_has_synced_nothing),
        FIXTURE_TEST(a_log_that_was_not_written_again_is_not_used),
        FIXTURE_TEST(a_shard_is_noted_before_anybody_is_told),
        FIXTURE_TEST(names_above_the_shard_are_durable_first),
        FIXTURE_TEST(a_late_settler_leaves_the_new_durable_end),
        FIXTURE_TEST(who_is_stopped_raising_stops_nobody),
        FIXTURE_TEST(a_restored_log_has_room_to_leave),
    };
    return cmocka_run_group_tests(tests, fixture_start, NULL);
}
