/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for a lock, but not for ever: a holder that is stopped must not stop everybody else.
 *
 * flock has no timeout of its own. SIGALRM would be the program's to give away, and a thread too much, so
 * this tries and sleeps: locks are held for some 0.1 ms, the first pauses are of that order, and they grow
 * to 4 ms so that a crowd doesn't keep the processor from the holder. */
#include "store/gdbm/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define PAUSE_FIRST_NS 30000
#define PAUSE_MOST_NS  4000000

uint64_t lock_patience_ms = 5000;

static bool try_once(int fd, const struct flock *range)
{
    struct flock wanted;
    if (range == NULL)
        return flock(fd, LOCK_EX | LOCK_NB) == 0;
    wanted = *range;
    return fcntl(fd, F_OFD_SETLK, &wanted) == 0;
}

static enum err take(int fd, const struct flock *range, uint64_t patience_ms)
{
    long pause = PAUSE_FIRST_NS;
    uint64_t deadline = 0;
    while (!try_once(fd, range)) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK && errno != EACCES) {
            log_event(LOG_LEVEL_ERROR, "lock_failed", "errno=%d", errno);
            return ERR_IO;
        }
        uint64_t now = clock_monotonic_ms();
        if (deadline == 0)
            deadline = now + patience_ms;
        if (now >= deadline)
            return ERR_BUSY;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        pause = pause * 3 / 2 < PAUSE_MOST_NS ? pause * 3 / 2 : PAUSE_MOST_NS;
    }
    return ERR_OK;
}

enum err lock_take(int fd)
{
    return take(fd, NULL, lock_patience_ms);
}

void lock_release(int fd)
{
    flock(fd, LOCK_UN);
}

static struct flock range_of(short type, int64_t start, int64_t len)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

enum err lock_take_range(int fd, int64_t start, int64_t len)
{
    struct flock range = range_of(F_WRLCK, start, len);
    return take(fd, &range, lock_patience_ms / 10);
}

void lock_release_range(int fd, int64_t start, int64_t len)
{
    struct flock range = range_of(F_UNLCK, start, len);
    fcntl(fd, F_OFD_SETLK, &range);
}
