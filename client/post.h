/* SPDX-License-Identifier: GPL-3.0-or-later */
/* post.h: from what somebody wrote to the outbox, from there to the server, and into the archive. What waits
 * goes first, in the order in which it was written; what fails holds up its recipient's later messages, and
 * nobody else's, but for what is too large to be ever sent: that holds up nothing. */
#ifndef SECMSG_CLIENT_POST_H
#define SECMSG_CLIENT_POST_H

#include "session.h"

struct letter {
    const char (*to)[FIELD_USER_SIZE]; /* each once */
    size_t to_count;
    const char *type;
    const char *name; /* NULL for none */
    struct span data;
    bool is_kept; /* by post_letter: each recipient's is in the outbox, or sent */
};

/* Sends it to each recipient, and says how that went. STATUS_PARTIAL if only some have it; STATUS_WAITING if
 * there is no server now. Whatever fails after the keys are open waits in the outbox, and that is said; so is what the
 * outbox can't take. */
enum status post_letter(struct session *s, struct letter *letter) MUST_USE;

/* Sends what waits. STATUS_PARTIAL if only some of it could be sent. */
enum status post_flush(struct session *s) MUST_USE;

/* The same, without a word if nothing waits. */
enum status post_flush_quietly(struct session *s) MUST_USE;

#endif
