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

static const char take_off[] = "\033[K";
static volatile sig_atomic_t is_shown;
static const int ending[] = {SIGHUP, SIGINT, SIGTERM};
static struct sigaction before_progress[sizeof(ending) / sizeof(ending[0])];

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
    for (uint64_t next = begin + FIRST_MS; !wait_until(p, next); next += PAUSE_MS) {
        dprintf(STDERR_FILENO, "\033[K%s: shard %u of %u, %u s\r", p->word, p->done, p->total,
                (unsigned)((clock_monotonic_ms() - begin) / 1000));
        is_shown = 1;
    }
    if (is_shown)
        dprintf(STDERR_FILENO, "%s", take_off);
    is_shown = 0;
    return NULL;
}

/* SA_RESETHAND: the second time it ends the program. */
static void end_by_signal(int number)
{
    if (is_shown && write(STDERR_FILENO, take_off, sizeof(take_off) - 1) < 0)
        is_shown = 0;
    raise(number);
}

static void watch_signals(void)
{
    const struct sigaction action = {.sa_handler = end_by_signal, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        sigaction(ending[i], NULL, &before_progress[i]);
        if (before_progress[i].sa_handler != SIG_IGN)
            sigaction(ending[i], &action, NULL);
    }
}

static void leave_signals(void)
{
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        sigaction(ending[i], &before_progress[i], NULL);
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
    watch_signals();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the working thread's */
    progress->is_running = pthread_create(&progress->thread, NULL, draw, progress) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!progress->is_running)
        leave_signals();
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
    leave_signals();
    progress->is_running = false;
}
