/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls that write are defined here, in the program itself, so that the dynamic linker gives them to GDBM
 * too. Invariant: each does what the C library's does, and counts what was taken. */
#include "tests/bench/store/written.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/banned.h"

#define ZEROS_LEAST \
    4096 /* a record begins with its length, so a write that begins with 0 is zeros ahead */

static uint64_t counts[WRITTEN_KINDS];
static bool is_counting;

void written_begin(void)
{
    memset(counts, 0, sizeof(counts));
    is_counting = true;
}

void written_end(uint64_t bytes[static WRITTEN_KINDS])
{
    is_counting = false;
    memcpy(bytes, counts, sizeof(counts));
}

static enum written kind_of(const char *path, const void *data, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    uint32_t begins = 0;
    if (size >= ZEROS_LEAST)
        memcpy(&begins, data, sizeof(begins));
    if (strncmp(name, "memfd:", 6) == 0)
        return WRITTEN_MEMORY;
    if (strcmp(name, "lock") == 0)
        return WRITTEN_LOCK;
    if (strcmp(name, "index.gdbm") == 0)
        return WRITTEN_INDEX;
    if (strcmp(name, "index.front") == 0)
        return WRITTEN_FRONT;
    if (strcmp(name, "index.next") == 0 || strcmp(name, "index.copy") == 0)
        return WRITTEN_NEXT_INDEX;
    if (strncmp(name, "log.", 4) == 0 && strstr(name, ".new") != NULL)
        return WRITTEN_NEXT_LOG;
    if (strncmp(name, "log.", 4) == 0)
        return size >= ZEROS_LEAST && begins == 0 ? WRITTEN_ZEROS : WRITTEN_LOG;
    return WRITTEN_OTHER;
}

static void count(int fd, const void *data, ssize_t n)
{
    char link[32];
    char path[4096];
    if (!is_counting || n <= 0)
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';
    counts[kind_of(path, data, (size_t)n)] += (uint64_t)n;
}

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t n = syscall(SYS_write, fd, data, size);
    count(fd, data, n);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ssize_t n = syscall(SYS_pwrite64, fd, data, size, offset);
    count(fd, data, n);
    return n;
}

ssize_t writev(int fd, const struct iovec *parts, int len)
{
    ssize_t n = syscall(SYS_writev, fd, parts, len);
    count(fd, parts[0].iov_base, n);
    return n;
}

/* The last argument is the offset's upper half, of which a 64-bit machine has none. */
ssize_t pwritev(int fd, const struct iovec *parts, int len, off_t offset)
{
    ssize_t n = syscall(SYS_pwritev, fd, parts, len, offset, 0L);
    count(fd, parts[0].iov_base, n);
    return n;
}
