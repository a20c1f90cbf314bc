/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line on standard error that is written over. Invariant: only the drawing thread waits for the terminal
 * while work is done, so nobody waits for a lock because a terminal is stopped. */
#include "admin/progress.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define FIRST_MS UINT64_C(1000)
#define PAUSE_MS UINT64_C(200)

/* Waits until then, or for the end. True at the end. */
static bool wait_until(struct progress *p, uint64_t ms)
{
    const struct timespec at = {.tv_sec = (time_t)(ms / 1000),
                                .tv_nsec = (long)(ms % 1000 * 1000000)};
    pthread_mutex_lock(&p->mutex);
    while (!p->is_ended && clock_monotonic_ms() < ms)
        pthread_cond_clockwait(&p->ended, &p->mutex, CLOCK_MONOTONIC, &at);
    bool is_ended = p->is_ended;
    pthread_mutex_unlock(&p->mutex);
    return is_ended;
}

/* The cursor is left at the line's beginning, so that a line of the log that comes meanwhile covers it. */
static void *draw(void *context)
{
    struct progress *p = context;
    uint64_t begin = clock_monotonic_ms();
    bool is_shown = false;
    for (uint64_t next = begin + FIRST_MS; !wait_until(p, next); next += PAUSE_MS) {
        dprintf(STDERR_FILENO, "\033[K%s: shard %u of %u, %u s\r", p->word, p->done, p->total,
                (unsigned)((clock_monotonic_ms() - begin) / 1000));
        is_shown = true;
    }
    if (is_shown)
        dprintf(STDERR_FILENO, "\033[K");
    return NULL;
}

void progress_begin(struct progress *progress, const char *word, unsigned total)
{
    sigset_t all, before;
    *progress = (struct progress){.word = word,
                                  .total = total,
                                  .mutex = PTHREAD_MUTEX_INITIALIZER,
                                  .ended = PTHREAD_COND_INITIALIZER};
    if (isatty(STDERR_FILENO) != 1)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the working thread's */
    progress->is_running = pthread_create(&progress->thread, NULL, draw, progress) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_show(struct progress *progress, unsigned done)
{
    progress->done = done;
}

void progress_end(struct progress *progress)
{
    if (!progress->is_running)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->is_ended = true;
    pthread_cond_signal(&progress->ended);
    pthread_mutex_unlock(&progress->mutex);
    pthread_join(progress->thread, NULL);
    progress->is_running = false;
}
