/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for a lock, but not for ever: a holder that is stopped must not stop everybody else.
 *
 * flock has no timeout of its own. SIGALRM would be the program's to give away, and a thread too much, so
 * this tries and sleeps: locks are held for some 0.1 ms, the first pauses are of that order, and they grow
 * to 4 ms so that a crowd doesn't keep the processor from the holder. */
#include "store/gdbm/lock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define PAUSE_FIRST_NS 30000
#define PAUSE_MOST_NS  4000000

uint64_t lock_patience_ms = 5000;

enum err lock_take(int fd)
{
    long pause = PAUSE_FIRST_NS;
    uint64_t deadline = 0;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK) {
            log_event(LOG_LEVEL_ERROR, "lock_failed", "errno=%d", errno);
            return ERR_IO;
        }
        uint64_t now = clock_monotonic_ms();
        if (deadline == 0)
            deadline = now + lock_patience_ms;
        if (now >= deadline)
            return ERR_BUSY;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        pause = pause * 3 / 2 < PAUSE_MOST_NS ? pause * 3 / 2 : PAUSE_MOST_NS;
    }
    return ERR_OK;
}

void lock_release(int fd)
{
    flock(fd, LOCK_UN);
}
