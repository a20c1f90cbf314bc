/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.h: how far a long piece of work has come, on a terminal. */
#ifndef SECMSG_ADMIN_PROGRESS_H
#define SECMSG_ADMIN_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct progress {
    const char *word;
    unsigned total;
    atomic_uint done;
    bool is_running; /* standard error is a terminal: a thread draws */
    bool is_ended;
    pthread_t thread;
    pthread_mutex_t mutex; /* of is_ended */
    pthread_cond_t ended;
};

/* Begins work of so many parts. After a second a line on standard error, if that is a terminal, says how far it
 * is, and goes on doing so while a part takes long. Ended by progress_end, before anything is printed. */
void progress_begin(struct progress *progress, const char *word, unsigned total);

/* Of the total, that many are done. */
void progress_show(struct progress *progress, unsigned done);

/* Takes the line off the screen again. A second time is fine. */
void progress_end(struct progress *progress);

#endif
