/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read, write, sync, and what gives a file its size. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t bytes_write(int fd, const void *data, size_t n)
{
    REAL(ssize_t, "write", int, const void *, size_t)
    return real(fd, data, n);
}

/* ---- reads ---- */

static enum verdict judge_read(int fd, size_t *n)
{
    enum verdict verdict = place_of(fd) == NULL || place_is_told(fd) ? PASS : plan_judge_read();
    if (verdict == HALF && *n > 1)
        *n /= 2;
    return verdict;
}

ssize_t read(int fd, void *data, size_t n)
{
    REAL(ssize_t, "read", int, void *, size_t)
    enum verdict verdict = judge_read(fd, &n);
    ssize_t done = verdict == REFUSE ? -1 : real(fd, data, n);
    if (verdict == FLIP && done > 0)
        plan_flip(data, (size_t)done);
    return done;
}

ssize_t pread(int fd, void *data, size_t n, off_t offset)
{
    REAL(ssize_t, "pread", int, void *, size_t, off_t)
    enum verdict verdict = judge_read(fd, &n);
    ssize_t done = verdict == REFUSE ? -1 : real(fd, data, n, offset);
    if (verdict == FLIP && done > 0)
        plan_flip(data, (size_t)done);
    return done;
}

ssize_t __read_chk(int fd, void *data, size_t n, size_t size);
ssize_t __read_chk(int fd, void *data, size_t n, size_t size)
{
    if (n > size)
        abort();
    return read(fd, data, n);
}

ssize_t __pread_chk(int fd, void *data, size_t n, off_t offset, size_t size);
ssize_t __pread_chk(int fd, void *data, size_t n, off_t offset, size_t size)
{
    if (n > size)
        abort();
    return pread(fd, data, n, offset);
}

/* ---- writes ---- */

static ssize_t real_pwrite(int fd, const void *data, size_t n, off_t offset)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)
    return real(fd, data, n, offset);
}

static bool grows(int fd, size_t n, off_t offset)
{
    struct stat st;
    return fstat(fd, &st) == 0 && offset + (off_t)n > st.st_blocks * 512;
}

static ssize_t write_inside(int fd, const void *data, size_t n, off_t offset)
{
    enum verdict verdict = plan_judge_change(grows(fd, n, offset));
    if (verdict == REFUSE)
        return -1;
    if (verdict != PASS && n > 1)
        n /= 2;
    ssize_t done = real_pwrite(fd, data, n, offset);
    if (done > 0)
        trace_record((struct head){.op = OP_WRITE,
                                   .inode = trace_inode(fd),
                                   .offset = (uint64_t)offset,
                                   .first = (uint64_t)done},
                     data, NULL);
    plan_die_if(verdict);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
    return place_of(fd) == NULL ? real_pwrite(fd, data, n, offset)
                                : write_inside(fd, data, n, offset);
}

ssize_t write(int fd, const void *data, size_t n)
{
    if (place_of(fd) == NULL)
        return bytes_write(fd, data, n);
    if (place_is_told(fd)) {
        trace_record((struct head){.op = OP_TOLD, .first = n}, data, NULL);
        return bytes_write(fd, data, n);
    }
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = write_inside(fd, data, n, offset);
    if (done > 0 && lseek(fd, offset + done, SEEK_SET) < 0)
        abort();
    return done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t)
    if (place_of(fd) == NULL)
        return real(fd, parts, count, offset);
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += parts[i].iov_len;
    char *all = malloc(n + 1);
    if (all == NULL)
        abort();
    size_t at = 0;
    for (int i = 0; i < count; at += parts[i++].iov_len) {
        if (parts[i].iov_len > 0)
            memcpy(all + at, parts[i].iov_base, parts[i].iov_len);
    }
    ssize_t done = write_inside(fd, all, n, offset);
    int error = errno;
    free(all);
    errno = error;
    return done;
}

int ftruncate(int fd, off_t size)
{
    REAL(int, "ftruncate", int, off_t)
    if (place_of(fd) == NULL)
        return real(fd, size);
    enum verdict verdict = plan_judge_change(false);
    if (verdict == REFUSE)
        return -1;
    int failed = real(fd, size);
    if (!failed)
        trace_record((struct head){.op = OP_SIZE,
                                   .inode = trace_inode(fd),
                                   .offset = (uint64_t)size},
                     place_of(fd), NULL);
    plan_die_if(verdict);
    return failed;
}

/* What is allocated behind a file's end is a new size, filled with zeros. Half of it may be there where the rest
 * isn't. */
int fallocate(int fd, int mode, off_t offset, off_t n)
{
    REAL(int, "fallocate", int, int, off_t, off_t)
    if (place_of(fd) == NULL)
        return real(fd, mode, offset, n);
    if (mode != 0)
        abort(); /* the trace knows no other */
    enum verdict verdict = plan_judge_change(true);
    if (verdict == REFUSE)
        return -1;
    bool is_half = verdict != PASS && n > 1;
    int failed = real(fd, mode, offset, is_half ? n / 2 : n);
    if (!failed)
        trace_record((struct head){.op = OP_SIZE,
                                   .inode = trace_inode(fd),
                                   .offset = (uint64_t)(offset + (is_half ? n / 2 : n))},
                     place_of(fd), NULL);
    plan_die_if(verdict);
    if (failed || !is_half)
        return failed;
    errno = ENOSPC;
    return -1;
}

/* ---- syncs ---- */

/* Nobody pulls the plug in these runs but the model, so nothing is really synced. */
static int sync_inside(int fd)
{
    struct stat st;
    enum verdict verdict = plan_judge_sync();
    int error = errno;
    if (fstat(fd, &st) != 0)
        return -1;
    trace_record((struct head){.op = verdict == REFUSE     ? OP_LOST_SYNC
                                     : S_ISDIR(st.st_mode) ? OP_SYNC_DIRECTORY
                                                           : OP_SYNC,
                               .inode = st.st_ino},
                 place_of(fd), NULL);
    plan_die_if(verdict);
    errno = error;
    return verdict == REFUSE ? -1 : 0;
}

int fsync(int fd)
{
    REAL(int, "fsync", int)
    return place_of(fd) == NULL ? real(fd) : sync_inside(fd);
}

int fdatasync(int fd)
{
    REAL(int, "fdatasync", int)
    return place_of(fd) == NULL ? real(fd) : sync_inside(fd);
}
