/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loaded by LD_PRELOAD, into the client: kills it right before its SHIM_KILL-th call that changes a file or
 * goes to the server, has no room for the file of its SHIM_FULL-th renaming, lets it live SHIM_DAYS days later,
 * or its resolver answer SHIM_RESOLVE seconds late; into the handler: its disk has SHIM_FREE megabytes left, and it
 * has worked SHIM_WORK ms more each time that it looks how long it has. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static long number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

static void count(void)
{
    static long calls;
    if (++calls == number("SHIM_KILL"))
        kill(getpid(), SIGKILL);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t n)
{
    count();
    return NEXT(write)(fd, data, n);
}

int fsync(int fd)
{
    count();
    return NEXT(fsync)(fd);
}

int ftruncate(int fd, off_t length)
{
    count();
    return NEXT(ftruncate)(fd, length);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    static long renamings;
    count();
    if (++renamings == number("SHIM_FULL")) {
        errno = ENOSPC;
        return -1;
    }
    return NEXT(renameat)(from_dir, from, to_dir, to);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    count();
    return NEXT(linkat)(from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *name, int flags)
{
    count();
    return NEXT(unlinkat)(dir, name, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static long looks;
    int result = NEXT(clock_gettime)(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += number("SHIM_DAYS") * 86400;
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
        long ns = now->tv_nsec + ++looks * number("SHIM_WORK") * 1000000;
        now->tv_sec += ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return result;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)sleep((unsigned)number("SHIM_RESOLVE"));
    return NEXT(getaddrinfo)(host, port, hints, list);
}

int fstatvfs(int fd, struct statvfs *fs)
{
    int failed = NEXT(fstatvfs)(fd, fs);
    if (!failed && getenv("SHIM_FREE") != NULL)
        fs->f_bavail = (fsblkcnt_t)number("SHIM_FREE") * 1024 * 1024 / fs->f_frsize;
    return failed;
}
