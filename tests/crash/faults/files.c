/* SPDX-License-Identifier: GPL-3.0-or-later */
/* open, close, dup: which descriptors are inside; and the boot id and clock that FAULTS_BOOT and FAULTS_CLOCK
 * put in place of the machine's. */
#include "faults.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

int files_open(int dir, const char *path, int flags, mode_t mode)
{
    REAL(int, "openat", int, const char *, int, ...)
    return real(dir, path, flags, mode);
}

static enum verdict judge_open(int flags, bool exists, bool is_change)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0;
    if ((writes || is_change) && plan_is_read_only())
        return REFUSE;
    if (is_change)
        return plan_judge_change(!exists);
    return exists && plan_judge_read() == REFUSE ? REFUSE : PASS;
}

static int open_inside(int dir, const char *name, const char *path, int flags, mode_t mode)
{
    struct stat before;
    bool exists = fstatat(dir, name, &before, AT_SYMLINK_NOFOLLOW) == 0;
    bool is_change = (flags & O_CREAT && !exists) || (flags & O_TRUNC && exists);
    enum verdict verdict = judge_open(flags, exists, is_change);
    if (verdict == REFUSE)
        return -1;
    int fd = files_open(dir, name, flags, mode);
    if (fd < 0)
        return fd;
    place_remember(fd, path);
    if (is_change)
        trace_record((struct head){.op = exists ? OP_SIZE : OP_CREATE, .inode = trace_inode(fd)},
                     path, NULL);
    plan_die_if(verdict);
    return fd;
}

static int open_any(int dir, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    const char *boot = getenv("FAULTS_BOOT");
    if (boot != NULL && strcmp(name, BOOT_ID) == 0)
        return files_open(AT_FDCWD, boot, flags, mode);
    if (!place_full(path, dir, name))
        return files_open(dir, name, flags, mode);
    if (place_inside(path) != NULL)
        return open_inside(dir, name, place_inside(path), flags, mode);
    int fd = files_open(dir, name, flags, mode);
    place_remember_told(fd, path);
    return fd;
}

#define MODE_OF(flags)                            \
    mode_t mode = 0;                              \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list more;                             \
        va_start(more, flags);                    \
        mode = va_arg(more, mode_t);              \
        va_end(more);                             \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_any(dir, path, flags, mode);
}

/* What fortified callers whose flags aren't constants come through. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir, const char *path, int flags);
int __openat_2(int dir, const char *path, int flags)
{
    return open_any(dir, path, flags, 0);
}

int close(int fd)
{
    REAL(int, "close", int)
    place_remember(fd, NULL);
    return real(fd);
}

/* The C library closes what is below without asking here. */
int closedir(DIR *list)
{
    REAL(int, "closedir", DIR *)
    place_remember(dirfd(list), NULL);
    return real(list);
}

int dup3(int from, int to, int flags)
{
    REAL(int, "dup3", int, int, int)
    int fd = real(from, to, flags);
    if (fd >= 0)
        place_remember(fd, NULL); /* the store does so to keep a sync from the file */
    return fd;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *)
    const char *jump = getenv("FAULTS_CLOCK");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME && jump != NULL)
        now->tv_sec += atol(jump);
    return failed;
}
