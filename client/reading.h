/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reading.h: one run of taking messages from the server. A message is acknowledged, and so removed there, only
 * after it is in the archive, and was presented and that is noted, or after it was kept aside; anything that
 * fails leaves it there. */
#ifndef SECMSG_CLIENT_READING_H
#define SECMSG_CLIENT_READING_H

#include "archive.h"
#include "inspect.h"
#include "seen.h"

/* What became of one message. */
enum outcome {
    OUTCOME_DONE, /* to be acknowledged */
    OUTCOME_LEFT, /* stays on the server; the next one can be read */
    OUTCOME_STOP, /* stays, and so do all others */
};

struct reading;

/* Puts a message where the user wants it, and calls reading_note once it is there. Says what is wrong. */
typedef enum outcome reading_present(struct reading *r, const struct received *m,
                                     const struct inspected *i, const struct seen_message *note);

struct reading {
    struct session *session;
    reading_present *present;
    struct seen seen;
    struct archive archive;
    struct buf ids; /* of all that the server gave since it was last empty */
    uint64_t first_login;
    uint64_t shown;
    uint64_t hidden;    /* all others that the server is done with */
    uint64_t left;      /* those that stay there, while others were read */
    enum status status; /* the last that wasn't STATUS_OK */
};

/* The session is logged in. reading_close is fine after a failure, which was said. */
enum status reading_open(struct reading *r, struct session *s, reading_present *present) MUST_USE;
void reading_close(struct reading *r);

/* Takes the next message. *is_last: there is none, or no more should be read; r->status says more. The
 * session's has_left is set when one stays on the server. */
enum status reading_next(struct reading *r, bool *is_last) MUST_USE;

/* Notes that the message was presented: OUTCOME_DONE, or OUTCOME_STOP if that can't be noted. */
enum outcome reading_note(struct reading *r, const struct seen_message *note);

/* Shows it on stdout, and notes that; of what isn't text its head alone. */
reading_present reading_show;

/* What a presentation ends with when it failed. */
enum outcome reading_stop(struct reading *r, enum status status);
enum outcome reading_leave(struct reading *r, enum status status);

/* A session that was given messages isn't given them again: what was left is read on a new one. Sees that there
 * is one, logged in. */
enum status reading_begin(struct session *s) MUST_USE;

#endif
