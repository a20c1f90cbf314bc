/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recall.h: finds one message in the archive by its id, or by the beginning of it, and opens it again with all
 * checks. */
#ifndef SECMSG_CLIENT_RECALL_H
#define SECMSG_CLIENT_RECALL_H

#include "archive.h"
#include "inspect.h"

struct recalled {
    struct record record;
    struct received received;   /* body: the envelope or the text as it came; of SENT the data */
    struct inspected inspected; /* GOOD or UNSIGNED */
    struct buf identity;        /* the sender's; of RECEIVED */
};

void recall_free(struct recalled *recalled);

/* Asks for the password if the keys aren't open; no server is asked for anything. Says why there is none:
 * STATUS_NO_INPUT; STATUS_USAGE if the beginning isn't one, or of several; STATUS_CONFIG if it is damaged.
 *
 * One id may stand for several messages, as one to oneself: then a received one goes before a sent one, and
 * that before one that is unsigned. */
enum status recall_message(struct session *s, const char *id, struct recalled *recalled) MUST_USE;

/* The same for the user at the message's other end alone: STATUS_USAGE if there are several. */
enum status recall_peer(struct session *s, const char *id,
                        char peer[static FIELD_USER_SIZE]) MUST_USE;

/* Opens the archive for a word that reads it, with the keys. Says why it can't. */
enum status recall_open_archive(struct session *s, struct archive *archive) MUST_USE;

/* Says how many messages couldn't be read, if any; STATUS_CONFIG then. */
enum status recall_say_unreadable(const struct session *s, const struct archive *archive);

#endif
