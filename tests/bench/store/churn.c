/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of 0.2 to 8 KB come and go, with 1,000 waiting at any time: for each that comes, the first in its
 * mailbox is read and acknowledged. There is a mailbox for each 1,000 messages, but at most 1,000, so that in a short
 * run too the logs are compacted. What the store hands to write() is counted, all of it; what stays on the disk is
 * what its files take up. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/bench/store/subjects.h"
#include "tests/bench/store/written.h"

#include "base/banned.h"

#define WAITING      1000
#define MAILBOXES    1000 /* at most */
#define SIZE_LEAST   200
#define SIZE_MOST    8000
#define WRITTEN_GOAL 3.0
#define DISK_FACTOR  2.5
#define DISK_FIXED   (64.0 * 1024 * 1024)
#define MEGA         (1024.0 * 1024.0)

struct churn {
    uint64_t came;
    uint64_t accepted; /* bytes of bodies */
    uint64_t waiting;
};

static struct churn run(struct store *store, const struct store_login *logins, unsigned mailboxes,
                        uint64_t messages)
{
    struct churn churn = {0};
    uint64_t state = 1;
    for (; churn.came < messages; churn.came++) {
        unsigned user = (unsigned)(churn.came % mailboxes);
        size_t size = SIZE_LEAST + (size_t)(rig_random(&state) % (SIZE_MOST - SIZE_LEAST + 1));
        if (churn.came >= WAITING - WAITING % mailboxes)
            churn.waiting -= rig_take(store, &logins[user]);
        rig_settle(store);
        rig_put(store, user, size);
        rig_settle(store);
        store_maintain(store);
        churn.accepted += size;
        churn.waiting += size;
    }
    return churn;
}

static void print_written(const struct churn *churn, const uint64_t bytes[static WRITTEN_KINDS])
{
    double each[WRITTEN_KINDS];
    double sum = 0;
    for (unsigned i = 0; i < WRITTEN_KINDS; i++) {
        each[i] = (double)bytes[i] / (double)churn->accepted;
        sum += i == WRITTEN_MEMORY ? 0 : each[i];
    }
    printf("  handed to write() for each byte accepted: %.2f  goal <= %.1f\n", sum, WRITTEN_GOAL);
    printf("    log %.2f  zeros ahead %.2f  index %.2f  its front %.2f\n"
           "    compaction %.2f (log %.2f, index %.2f)\n"
           "    marker and durable end %.2f  other %.2f; and in memory, not counted, %.2f\n",
           each[WRITTEN_LOG], each[WRITTEN_ZEROS], each[WRITTEN_INDEX], each[WRITTEN_FRONT],
           each[WRITTEN_NEXT_LOG] + each[WRITTEN_NEXT_INDEX], each[WRITTEN_NEXT_LOG],
           each[WRITTEN_NEXT_INDEX], each[WRITTEN_LOCK], each[WRITTEN_OTHER], each[WRITTEN_MEMORY]);
}

/* What is live: the bodies that wait, and the ids that are remembered for 30 days. */
static void print_disk(const struct churn *churn, const char *path)
{
    double disk = (double)rig_disk(path, "");
    double logs = (double)rig_disk(path, "log.");
    double indexes = (double)rig_disk(path, "index.");
    double waiting = (double)churn->waiting;
    double ids = (double)churn->came * STORE_ID_BYTES;
    printf("  on the disk: %.1f MB, of which wait %.1f MB, and %.1f MB of remembered ids\n",
           disk / MEGA, waiting / MEGA, ids / MEGA);
    printf(
        "    logs %.1f MB  indexes and fronts %.1f MB  other %.1f MB; %.0f bytes for each id beside"
        " what waits\n",
        logs / MEGA, indexes / MEGA, (disk - logs - indexes) / MEGA,
        (disk - waiting) / (double)churn->came);
    printf(
        "    goal <= %.1f MB (2.5 times what waits, and 64 MB); with ids counted as live %.1f MB\n",
        (DISK_FACTOR * waiting + DISK_FIXED) / MEGA,
        (DISK_FACTOR * (waiting + ids) + DISK_FIXED) / MEGA);
}

void churn_measure(const struct rig *rig)
{
    char path[RIG_PATH];
    uint64_t bytes[WRITTEN_KINDS];
    struct store_login logins[MAILBOXES];
    unsigned mailboxes =
        rig->messages / 1000 < MAILBOXES ? (unsigned)(rig->messages / 1000) : MAILBOXES;
    rig_path(path, rig->directory, "churn");
    struct store *store = rig_open(path);
    for (unsigned i = 0; i < mailboxes; i++)
        logins[i] = rig_enter(store, i);
    rig_settle(store);
    written_begin();
    struct churn churn = run(store, logins, mailboxes, rig->messages);
    written_end(bytes);
    printf("%" PRIu64 " messages of 0.2 to 8 KB came and went in %u mailboxes, %d waiting:\n",
           churn.came, mailboxes, WAITING);
    print_written(&churn, bytes);
    print_disk(&churn, path);
    store_close(store);
    rig_remove(path);
}
