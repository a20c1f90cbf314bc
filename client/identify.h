/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identify.h: whose keys are whose: WHO, held against the pins. */
#ifndef SECMSG_CLIENT_IDENTIFY_H
#define SECMSG_CLIENT_IDENTIFY_H

#include "session.h"

/* What WHO says of a user. */
enum identify_kind {
    IDENTIFY_PRESENT,     /* an identity that is the user's by its own name */
    IDENTIFY_NO_IDENTITY, /* an account without keys */
    IDENTIFY_NO_USER,
};

struct identify_answer {
    enum identify_kind kind;
    struct identity identity;
    struct buf text; /* of the identity; freed by identify_free */
};

void identify_free(struct identify_answer *who);

/* Asks WHO, and checks the answer in itself, not against any pin. Says what is wrong. */
enum status identify_ask(struct session *s, const char *user, struct identify_answer *who) MUST_USE;

/* The identity to trust: asks WHO, pins it if none is pinned (and says so), refuses a changed one
 * (STATUS_CHANGED) and a user without (STATUS_NO_USER). */
enum status identify_user(struct session *s, const char *user, struct identity *identity) MUST_USE;

/* Pins WHO's identity if none is pinned, or the user accepts it, and says so: STATUS_OK and *is_new; or
 * STATUS_CHANGED if another is pinned, or with --trust=strict none. */
enum status identify_pin(struct session *s, const struct identify_answer *who,
                         bool *is_new) MUST_USE;

/* Whether it is the one that `trust` named. */
bool identify_is_accepted(const struct session *s, const struct identity *identity);

/* Says that an identity changed, with both fingerprints (now: "" for none); returns STATUS_CHANGED. */
enum status identify_say_changed(const struct session *s, const char *user, const char *pinned,
                                 const char *now);

#endif
