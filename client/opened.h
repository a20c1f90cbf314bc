/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opened.h: a message that came by hand, in an envelope or a proof, on stdout. */
#ifndef SECMSG_CLIENT_OPENED_H
#define SECMSG_CLIENT_OPENED_H

#include "crypto/content.h"
#include "session.h"

struct opened {
    const struct identity *from;
    const char *standing; /* of the sender's fingerprint, for people */
    bool is_known;        /* it is pinned, or the user gave it */
    struct span to, id;
    uint64_t time;
    const struct content *content;
};

/* Whether stdout can take what the options ask for: says why not, STATUS_USAGE. */
enum status opened_check(const struct session *s) MUST_USE;

/* As people read it: of what isn't text the head alone; with --raw the data, with --json one line. Says why it
 * can't. */
enum status opened_print(const struct session *s, const struct opened *opened) MUST_USE;

#endif
