/* SPDX-License-Identifier: GPL-3.0-or-later */
/* archive.h: every message that was received or sent, in the file `archive` of the account's directory. It
 * only grows. Each message is a line:
 *
 *     <id> <bytes of the first token> <bytes of the second> <record> <body>\n
 *
 * Both tokens are Fernet's, under the vault's archive key: the record (record.h), and the body:
 *
 *     of RECEIVED   a line `identity: <b64>`, the sender's as it was pinned, and the envelope as it came
 *     of UNSIGNED   the text
 *     of SENT       the data
 *
 * A token has neither spaces nor LF in it, so a line that was damaged costs that one message. A last line
 * without LF was cut short by a crash: nobody believes it, and the next writer removes it. */
#ifndef SECMSG_CLIENT_ARCHIVE_H
#define SECMSG_CLIENT_ARCHIVE_H

#include <sys/types.h>

#include "record.h"

struct archive {
    int fd;
    int dir; /* the account's; the caller's */
    uint8_t key[FERNET_KEY_LEN];
    off_t at;                   /* of the next line */
    char prefix[FIELD_ID_SIZE]; /* of the ids that archive_next gives */
    uint64_t unreadable;        /* lines that it passed over */
    struct buf window;
    struct buf known; /* where which id stands, for archive_look */
    off_t known_to;   /* the end of the lines in it */
};

struct archive_entry {
    struct record record;
    off_t body_at;
    size_t body_len; /* of its token */
};

/* ERR_IO and errno. archive_close is fine after a failure. */
enum err archive_open(struct archive *archive, int account_dir,
                      const uint8_t key[static FERNET_KEY_LEN]) MUST_USE;
void archive_close(struct archive *archive);

/* Returns when the message is durable; if it can't be, nothing of it is left. */
enum err archive_add(struct archive *archive, const struct record *record,
                     struct span body) MUST_USE;

/* Goes to the oldest message; archive_next then gives those whose ids begin with prefix. */
void archive_rewind(struct archive *archive, const char *prefix);

/* The next message, oldest first. ERR_NOT_FOUND at the end; ERR_IO. A line that doesn't open, because it is
 * damaged or sealed under other keys, is counted and passed over. */
enum err archive_next(struct archive *archive, struct archive_entry *entry) MUST_USE;

/* Appends the body of an entry. ERR_DAMAGED, ERR_IO. */
enum err archive_read(const struct archive *archive, const struct archive_entry *entry,
                      struct buf *body) MUST_USE;

/* *is_there: a message of this kind, peer, id and digest is. */
enum err archive_look(struct archive *archive, const struct record *record,
                      bool *is_there) MUST_USE;

#endif
