/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of the store, each beside a bare baseline of the same run: ratios count, not times.
 *
 * Usage: bench-store DIRECTORY RESULTS MESSAGES [SUBJECT...]
 *
 * Goals are printed and not judged: on a busy machine a number may miss one that the store meets. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "tests/bench/store/subjects.h"

#include "base/banned.h"

#define ROOM_FIXED (UINT64_C(2) << 30) /* for the writers, who write for a given time */
#define ROOM_EACH  UINT64_C(2000)      /* disk for each message of the largest stock */

static const struct {
    const char *name;
    void (*measure)(const struct rig *rig);
} subjects[] = {
    {"writers", writers_measure},
    {"stock", stock_measure},
    {"churn", churn_measure},
    {"crash", crash_measure},
};

static void check_room(const struct rig *rig)
{
    struct statvfs fs;
    uint64_t wanted = ROOM_FIXED + rig->messages * ROOM_EACH;
    rig_require(statvfs(rig->directory, &fs) == 0, rig->directory);
    uint64_t is_free = fs.f_bavail * fs.f_frsize;
    if (is_free >= wanted)
        return;
    fprintf(stderr, "bench-store: %s has %" PRIu64 " MB free, %" PRIu64 " MB are needed\n",
            rig->directory, is_free >> 20, wanted >> 20);
    exit(1);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return argc <= 4;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "Usage: bench-store DIRECTORY RESULTS MESSAGES [SUBJECT...]\n");
        return 64;
    }
    const struct rig rig = {.directory = argv[1],
                            .results = argv[2],
                            .messages = strtoull(argv[3], NULL, 10)};
    rig_require(rig.messages >= 1000, "MESSAGES must be 1000 or more");
    rig_require(crypto_init(0) == ERR_OK, "crypto_init");
    log_open("bench", LOG_LEVEL_ERROR);
    check_room(&rig);
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        if (!is_wanted(subjects[i].name, argc, argv))
            continue;
        subjects[i].measure(&rig);
        fflush(stdout);
    }
    return 0;
}
