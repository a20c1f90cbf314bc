/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.h: how far a large message has gone out, on stderr, where that is a terminal. */
#ifndef SECMSG_CLIENT_PROGRESS_H
#define SECMSG_CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    size_t total;
    uint64_t next_ms; /* when it is shown again */
    bool is_wanted;
    bool is_shown;
};

/* Nothing is shown of what is small, nor before half a second has passed. */
void progress_begin(struct progress *progress, size_t total);

/* left: bytes that haven't gone out. */
void progress_show(struct progress *progress, size_t left);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
