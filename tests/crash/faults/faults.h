/* SPDX-License-Identifier: GPL-3.0-or-later */
/* faults.h: a library to preload: it numbers the file calls that a process makes inside one directory, lets one
 * of them fail, kills or stops the process there, and records them all with their data.
 *
 * FAULTS_DIR    the directory; calls elsewhere pass untouched
 * FAULTS        kill:N     dies before the N-th change (writes, syncs, makes, renames, removes)
 *               tear:N     does half of the N-th change, if it is a write, or all of it, and dies
 *               stop:N     SIGSTOP before the N-th change
 *               fail:N:E   the N-th change fails with errno E
 *               short:N    the N-th change, if it is a write, writes half
 *               full:N     from the N-th change on, what needs room on the disk fails with ENOSPC
 *               cow:N      the same for each change, as on a full Btrfs, which writes nothing in place
 *               sync:N:E   the N-th fsync or fdatasync fails with errno E, and the next ones succeed
 *               read:N:E   the N-th read, or opening of a file that is there, fails with errno E
 *               less:N     the N-th read reads half
 *               bit:N:B    in what the N-th read reads, bit B (of as many as there are) is turned
 *               ro:1       as on a file system that is mounted read-only
 * FAULTS_COUNT  a file that is told at the end how many changes, reads and syncs there were
 * FAULTS_TRACE  a file to which each change is appended (disk.py reads it: power loss)
 * FAULTS_TOLD   a file outside, whose writes are recorded in the trace too
 * FAULTS_BOOT   a file to read in place of the kernel's boot id
 * FAULTS_CLOCK  seconds added to CLOCK_REALTIME
 *
 * A new fault is a word in plan.c, and a verdict there; a call that the library doesn't know yet goes into
 * files.c (open, close), bytes.c (read, write, sync) or names.c, and into the trace if a loss of power could
 * lose it. */
#ifndef SECMSG_TESTS_CRASH_FAULTS_H
#define SECMSG_TESTS_CRASH_FAULTS_H

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The next function of this name: what the caller meant. ISO C has no cast to a function from dlsym. */
#define REAL(type, name, ...)         \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL)                 \
        *(void **)(&real) = dlsym(RTLD_NEXT, name);

/* ---- plan.c: which call, and what becomes of it ---- */

enum verdict { PASS, REFUSE, HALF, FLIP, DIE_AFTER };

/* Each counts a call, and may kill or stop the process; REFUSE sets errno. */
enum verdict plan_judge_change(bool needs_room);
enum verdict plan_judge_sync(void);
enum verdict plan_judge_read(void);

/* Whether opening for writing fails with EROFS (errno is set). */
bool plan_is_read_only(void);

void plan_flip(void *data, size_t n);
void plan_die_if(enum verdict verdict);

/* ---- place.c: which file is meant ---- */

/* The path of (dir, name) without its links followed; false when it can't be told. */
bool place_full(char path[static PATH_MAX], int dir, const char *name);

/* The part behind FAULTS_DIR ("" for itself), or NULL outside. The parent counts as "..": its sync makes the
 * directory itself durable. */
const char *place_inside(const char *path);

/* What a descriptor was opened as, NULL for what is none of our business. */
const char *place_of(int fd);
bool place_is_told(int fd);
void place_remember(int fd, const char *path);
void place_remember_told(int fd, const char *path);

/* ---- trace.c: the record of what was done ---- */

enum op {
    OP_CREATE = 1,
    OP_SIZE,
    OP_WRITE,
    OP_SYNC,
    OP_LOST_SYNC,
    OP_SYNC_DIRECTORY,
    OP_RENAME,
    OP_LINK,
    OP_UNLINK,
    OP_MKDIR,
    OP_RMDIR,
    OP_TOLD
};

/* One record of the trace, before `first` and `second` bytes. */
struct head {
    uint64_t op;
    uint64_t inode;
    uint64_t offset;
    uint64_t first;
    uint64_t second;
};

/* head.first says how long `first` is, or is 0 for a text; `second` is a text. */
void trace_record(struct head head, const void *first, const void *second);
uint64_t trace_inode(int fd);

/* ---- what the library itself uses ---- */

int files_open(int dir, const char *path, int flags, mode_t mode);
ssize_t bytes_write(int fd, const void *data, size_t n);

#endif
