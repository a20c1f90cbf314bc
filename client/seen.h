/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seen.h: which messages were shown already: lines `<id> <sender>`, appended and synced, never removed.
 * The caller holds HOME_READ_LOCK around all of this. */
#ifndef SECMSG_CLIENT_SEEN_H
#define SECMSG_CLIENT_SEEN_H

#include "base/buf.h"

struct seen {
    int fd;
    struct buf text;
};

/* ERR_IO and errno, ERR_TOO_LARGE. */
enum err seen_open(struct seen *seen, int account_dir) MUST_USE;
void seen_close(struct seen *seen);

/* Takes in what another client has added meanwhile, and looks: *is_seen. */
enum err seen_look(struct seen *seen, const char *id, const char *sender, bool *is_seen) MUST_USE;

/* Returns when the note is durable. */
enum err seen_add(struct seen *seen, const char *id, const char *sender) MUST_USE;

#endif
