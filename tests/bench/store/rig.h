/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rig.h: what the benchmarks of the store share: a store with users, messages, a clock, medians.
 *
 * Whatever fails ends the program with a line that says what. */
#ifndef SECMSG_BENCH_STORE_RIG_H
#define SECMSG_BENCH_STORE_RIG_H

#include <stdbool.h>
#include <stdio.h>

#include "store/store.h"

#define RIG_BODY_MAX 8192
#define RIG_PATH     4096

/* Where a benchmark works, and what it is to do. */
struct rig {
    const char *directory; /* for its stores and files; each removes its own */
    const char *results;   /* directory for the picture's numbers */
    uint64_t messages;
};

void rig_require(bool is_good, const char *what);

/* Seconds. */
double rig_now(void);

/* Never refuses a message for want of room. */
struct store *rig_open(const char *path);
void rig_settle(struct store *store);

/* Registers "user<number>" where that is needed, and logs it in. */
struct store_login rig_enter(struct store *store, unsigned number);

/* An id that no other call, in any process, gives a message. Nothing is settled. */
void rig_put(struct store *store, unsigned user, size_t size);

/* Reads the first message that waits, and acknowledges it. Returns its length. Nothing is settled. */
size_t rig_take(struct store *store, const struct store_login *login);

/* The same sequence in each run. */
uint64_t rig_random(uint64_t *state);

/* Sorts the values. */
double rig_median(double *values, size_t n);

/* "directory/name", in path. */
void rig_path(char path[static RIG_PATH], const char *directory, const char *name);

/* Bytes that a directory takes up on the disk: what in it has a name that begins so. "": all of it. */
uint64_t rig_disk(const char *path, const char *prefix);
void rig_remove(const char *path);

/* Opens a file of numbers for the picture. */
FILE *rig_results(const struct rig *rig, const char *name);

#endif
