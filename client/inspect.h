/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.h: all checks on a received message (protocol 3.4), but for whether it was shown before. */
#ifndef SECMSG_CLIENT_INSPECT_H
#define SECMSG_CLIENT_INSPECT_H

#include "crypto/envelope.h"
#include "received.h"

enum verdict {
    VERDICT_GOOD,     /* signed by the pinned identity, and sealed for us */
    VERDICT_UNSIGNED, /* a text from an account without keys: anybody at the server can have made it */
    VERDICT_BAD,      /* a check failed: `reason`. To be kept aside */
    VERDICT_CHANGED, /* the sender's identity changed: stays on the server. It was said */
    VERDICT_UNKNOWN  /* it couldn't be checked: stays on the server. `status`; it was said */
};

struct inspected {
    enum verdict verdict;
    enum status status;
    const char *reason;
    struct content content; /* of GOOD */
    uint64_t time;          /* of GOOD: the sender's clock */
    char fingerprint[FINGERPRINT_SIZE];
    bool is_first; /* the sender's identity was pinned just now; that was said */
};

void inspect_free(struct inspected *inspected);

/* Pins the identity of a sender that is new once a message of theirs is GOOD. */
void inspect_message(struct session *s, const struct received *received,
                     struct inspected *inspected);

#endif
