/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Durable messages a second, beside bare appends. A bare appender does for each message one write of its
 * bytes, with O_APPEND, and one fdatasync: the least that makes it durable.
 *
 * What stands beside what: writers who each have a recipient of their own, which are mostly in shards of their own, beside
 * appenders who each have a file of their own, so that nobody waits for anybody on either side; writers to
 * one mailbox beside appenders to one file; writers to 10,000 mailboxes, in 256 shards, beside appenders to
 * 256 files, all open. The two sides run by turns, for a moment each, and the ratio is the median of those
 * of neighbouring turns: what else the machine does meanwhile befalls both. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/store/subjects.h"

#include "base/banned.h"

#define BODY      1500
#define SECONDS   0.4
#define ROUNDS    7
#define MOST      32
#define MAILBOXES 10000
#define FILES     256

enum spread { OWN, ONE, ALL };

struct plan {
    const char *what;
    unsigned writers;
    enum spread spread;
    double goal; /* 0: none */
};

/* Shared by the processes of a turn. */
struct turn {
    const char *path;
    const struct plan *plan;
    bool is_bare;
    atomic_uint ready;
    atomic_uint is_begun;
    unsigned long counts[MOST];
};

static unsigned choose(const struct plan *plan, unsigned writer, uint64_t *state, unsigned among)
{
    return plan->spread == OWN   ? writer
           : plan->spread == ONE ? 0
                                 : (unsigned)(rig_random(state) % among);
}

/* Returns when all are there, with the time at which to stop. */
static double wait_for_start(struct turn *turn)
{
    atomic_fetch_add(&turn->ready, 1);
    while (!atomic_load(&turn->is_begun))
        usleep(500);
    return rig_now() + SECONDS;
}

static int open_bare(const char *directory, unsigned number)
{
    char name[32], path[RIG_PATH];
    snprintf(name, sizeof(name), "bare.%u", number);
    rig_path(path, directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    rig_require(fd >= 0, path);
    return fd;
}

static unsigned long append_bare(struct turn *turn, unsigned writer)
{
    static const uint8_t body[BODY];
    int fds[FILES];
    uint64_t state = writer;
    unsigned long n = 0;
    bool is_all = turn->plan->spread == ALL;
    unsigned first = choose(turn->plan, writer, &state, 1);
    for (unsigned i = 0; i < (is_all ? FILES : 1); i++)
        fds[i] = open_bare(turn->path, first + i);
    for (double end = wait_for_start(turn); rig_now() < end; n++) {
        int fd = fds[is_all ? choose(turn->plan, writer, &state, FILES) : 0];
        rig_require(write(fd, body, BODY) == BODY && fdatasync(fd) == 0, "bare append");
    }
    return n;
}

static unsigned long append_store(struct turn *turn, unsigned writer)
{
    char path[RIG_PATH];
    uint64_t state = writer;
    unsigned long n = 0;
    rig_path(path, turn->path, "store");
    struct store *store = rig_open(path);
    rig_enter(store, choose(turn->plan, writer, &state, MAILBOXES));
    rig_settle(store);
    for (double end = wait_for_start(turn); rig_now() < end; n++) {
        rig_put(store, choose(turn->plan, writer, &state, MAILBOXES), BODY);
        rig_settle(store);
    }
    store_close(store);
    return n;
}

/* Messages a second that the plan's writers reach together. */
static double run_turn(struct turn *turn, bool is_bare)
{
    unsigned writers = turn->plan->writers;
    unsigned long sum = 0;
    int status = 0;
    turn->is_bare = is_bare;
    atomic_store(&turn->ready, 0);
    atomic_store(&turn->is_begun, 0);
    fflush(stdout);
    for (unsigned i = 0; i < writers; i++) {
        pid_t pid = fork();
        rig_require(pid >= 0, "fork");
        if (pid == 0) {
            turn->counts[i] = is_bare ? append_bare(turn, i) : append_store(turn, i);
            _exit(0);
        }
    }
    while (atomic_load(&turn->ready) < writers)
        rig_require(usleep(1000) == 0 && waitpid(-1, &status, WNOHANG) == 0, "writer died");
    atomic_store(&turn->is_begun, 1);
    for (unsigned i = 0; i < writers; i++)
        rig_require(wait(&status) > 0 && status == 0, "writer");
    for (unsigned i = 0; i < writers; i++)
        sum += turn->counts[i];
    return (double)sum / SECONDS;
}

static void compare(struct turn *turn, FILE *results)
{
    const struct plan *plan = turn->plan;
    double bare[ROUNDS], store[ROUNDS], ratio[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool is_bare_first = i % 2 == 0;
        double first = run_turn(turn, is_bare_first);
        double second = run_turn(turn, !is_bare_first);
        bare[i] = is_bare_first ? first : second;
        store[i] = is_bare_first ? second : first;
        ratio[i] = store[i] / bare[i];
    }
    double b = rig_median(bare, ROUNDS);
    double s = rig_median(store, ROUNDS);
    double r = rig_median(ratio, ROUNDS);
    printf("  %2u %-34s bare %6.0f/s  store %6.0f/s  ratio %.2f (%.2f to %.2f)", plan->writers,
           plan->what, b, s, r, ratio[0], ratio[ROUNDS - 1]);
    if (plan->goal > 0)
        printf("  goal >= %.2f", plan->goal);
    printf("\n");
    fflush(stdout);
    if (plan->spread == OWN)
        fprintf(results, "%u %.0f %.0f %.3f\n", plan->writers, b, s, r);
}

static void found_store(const char *directory, unsigned users)
{
    char path[RIG_PATH];
    rig_path(path, directory, "store");
    struct store *store = rig_open(path);
    for (unsigned i = 0; i < users; i++) {
        rig_enter(store, i);
        if (i % 1024 == 0)
            rig_settle(store);
    }
    rig_settle(store);
    store_close(store);
}

void writers_measure(const struct rig *rig)
{
    static const struct plan plans[] = {
        {"writer", 1, OWN, 0.60},
        {"writers, each to its own mailbox", 2, OWN, 0},
        {"writers, each to its own mailbox", 4, OWN, 0},
        {"writers, each to its own mailbox", 8, OWN, 0},
        {"writers, each to its own mailbox", 16, OWN, 0.50},
        {"writers, each to its own mailbox", 32, OWN, 0},
        {"writers to one mailbox", 16, ONE, 0},
        {"writers to 10,000 mailboxes", 16, ALL, 0},
    };
    struct turn *turn =
        mmap(NULL, sizeof(*turn), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rig_require(turn != MAP_FAILED, "mmap");
    char path[RIG_PATH];
    rig_path(path, rig->directory, "writers");
    turn->path = path;
    FILE *results = rig_results(rig, "writers.dat");
    fprintf(results, "# writers, bare appends a second, messages a second, ratio\n");
    printf("Durable messages of 1.5 KB, beside bare append and fdatasync:\n");
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        mkdir(path, 0700);
        found_store(path, plans[i].spread == ALL ? MAILBOXES : MOST);
        turn->plan = &plans[i];
        compare(turn, results);
        rig_remove(path);
    }
    fclose(results);
    munmap(turn, sizeof(*turn));
}
