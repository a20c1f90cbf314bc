/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A writer is killed in the middle of a transaction, in a shard with 64 MB of messages; what the first operation
 * there takes then, beside one in peace; and what another shard's writer sees meanwhile. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/gdbm/point.h"
#include "tests/bench/store/subjects.h"

#include "base/banned.h"

#define BYTES     (64 * 1024 * 1024)
#define MOST      1000000
#define GOAL      1.0
#define SETTLE_US 200000

/* Shared with the other shard's writer, who puts its times here. */
struct other {
    atomic_uint phase; /* 0 in peace, 1 during the rebuild, 2 to stop */
    atomic_size_t counts[2];
    double times[2][MOST];
};

static void die_when_applied(const char *name)
{
    if (strcmp(name, "commit: applied") == 0)
        kill(getpid(), SIGKILL);
}

static void crash(const char *path)
{
    int status = 0;
    pid_t pid = fork();
    rig_require(pid >= 0, "fork");
    if (pid == 0) {
        struct store *store = rig_open(path);
        point_hook = die_when_applied;
        rig_put(store, 0, 1000);
        _exit(0);
    }
    rig_require(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "killed writer");
}

static pid_t start_other(const char *path, unsigned user, struct other *other)
{
    pid_t pid = fork();
    rig_require(pid >= 0, "fork");
    if (pid != 0)
        return pid;
    struct store *store = rig_open(path);
    for (;;) {
        unsigned phase = atomic_load(&other->phase);
        if (phase == 2)
            _exit(0);
        double start = rig_now();
        rig_put(store, user, 1000);
        rig_settle(store);
        size_t n = atomic_load(&other->counts[phase]);
        other->times[phase][n % MOST] = rig_now() - start;
        atomic_store(&other->counts[phase], n + 1);
    }
}

/* Seconds of a put, settled, by a session that has just been opened. */
static double put_first(const char *path)
{
    struct store *store = rig_open(path);
    double start = rig_now();
    rig_put(store, 0, 1000);
    rig_settle(store);
    double seconds = rig_now() - start;
    store_close(store);
    return seconds;
}

static unsigned count_shards(const char *path)
{
    char name[RIG_PATH];
    struct stat st;
    rig_path(name, path, "shards");
    rig_require(stat(name, &st) == 0, name);
    return (unsigned)st.st_nlink - 2;
}

/* Registers user 0, and another one in another shard. */
static unsigned enter_both(struct store *store, const char *path)
{
    unsigned other = 0;
    rig_enter(store, 0);
    while (count_shards(path) < 2)
        rig_enter(store, ++other);
    rig_settle(store);
    return other;
}

static void print_other(struct other *other, unsigned phase)
{
    static const char *const names[] = {"before", "meanwhile"};
    size_t n = atomic_load(&other->counts[phase]);
    rig_require(n > 0 && n <= MOST, "the other shard's puts");
    double median = rig_median(other->times[phase], n);
    printf("    another shard's puts %-9s  median %.2f ms  99%% %.2f ms  most %.2f ms  (%zu)\n",
           names[phase], median * 1e3, other->times[phase][n * 99 / 100] * 1e3,
           other->times[phase][n - 1] * 1e3, n);
}

static void measure(const struct rig *rig, size_t size)
{
    char path[RIG_PATH];
    int status = 0;
    rig_path(path, rig->directory, "crash");
    struct other *other =
        mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rig_require(other != MAP_FAILED, "mmap");
    struct store *store = rig_open(path);
    unsigned user = enter_both(store, path);
    for (size_t i = 0; i < BYTES / size; i++)
        rig_put(store, 0, size);
    rig_settle(store);
    store_close(store);
    double peace = put_first(path);
    crash(path);
    fflush(stdout);
    pid_t pid = start_other(path, user, other);
    usleep(SETTLE_US);
    atomic_store(&other->phase, 1);
    double after = put_first(path);
    atomic_store(&other->phase, 2);
    rig_require(waitpid(pid, &status, 0) == pid && status == 0, "the other shard's writer");
    printf("  %5d messages of %zu bytes: first put %.2f s  goal < %.1f s  (in peace %.4f s)\n",
           (int)(BYTES / size), size, after, GOAL, peace);
    print_other(other, 0);
    print_other(other, 1);
    munmap(other, sizeof(*other));
    rig_remove(path);
}

void crash_measure(const struct rig *rig)
{
    printf("After a crash in a shard with 64 MB of messages:\n");
    measure(rig, 4000);
    measure(rig, 1500);
}
