/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seen.h: which messages were shown already: lines `<id> <sender> <signed or unsigned> <SHA256, hex>`, appended
 * and synced, never removed. From a look to the note that follows it the caller holds HOME_READ_LOCK; opening
 * and closing need no lock. */
#ifndef SECMSG_CLIENT_SEEN_H
#define SECMSG_CLIENT_SEEN_H

#include "base/buf.h"
#include "crypto/hash.h"

struct seen {
    int fd;
    struct buf text;
};

/* What tells messages apart. The hash is that of the bytes that the server handed out. */
struct seen_message {
    const char *id;
    const char *sender;
    bool is_signed;
    uint8_t digest[HASH_LEN];
};

enum seen_found {
    SEEN_NEVER, /* for a signed message: whatever was unsigned under its id */
    SEEN_SAME,  /* these very bytes were shown */
    SEEN_OTHER, /* others were, by this sender and under this id */
};

/* ERR_IO and errno, ERR_TOO_LARGE. */
enum err seen_open(struct seen *seen, int account_dir) MUST_USE;
void seen_close(struct seen *seen);

/* Takes in what another client has added meanwhile, and looks. */
enum err seen_look(struct seen *seen, const struct seen_message *message,
                   enum seen_found *found) MUST_USE;

/* Returns when the note is durable; if it can't be, no note is left. */
enum err seen_add(struct seen *seen, const struct seen_message *message) MUST_USE;

#endif
