/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver.h: seals a message and sees that the server has it, once. */
#ifndef SECMSG_CLIENT_DELIVER_H
#define SECMSG_CLIENT_DELIVER_H

#include "session.h"

/* A sealed message that was sent without an answer; id "" for none. */
struct sealed {
    char id[FIELD_ID_SIZE];
    struct buf envelope;
};

struct letter {
    char to[FIELD_USER_SIZE];
    const char *type;
    const char *name; /* NULL for none */
    struct span data;
    struct sealed
        *sealed; /* NULL, or the letter as it was sent before, which is repeated; afterwards what
                              isn't known to have arrived */
    /* NULL, or called with what was sealed before its first byte goes out */
    enum err (*note)(void *context, const char *id, struct span envelope);
    void *context;
};

/* Bytes that a letter may hold on this server; the session is logged in. */
size_t deliver_most(const struct session *s);

/* Checks all, then seals and sends. When an answer is lost it connects again and repeats the very same
 * envelope, at least once and as long as --timeout, which the server stores once; an interruption ends that.
 * STATUS_UNKNOWN if no answer came at all. Says how it went. */
enum status deliver_letter(struct session *s, const struct letter *letter) MUST_USE;

#endif
