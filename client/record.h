/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.h: what is known of a message that is kept on this machine, but for what it says. It is always
 * sealed under the vault's archive key; outbox.h and archive.h say in which files. */
#ifndef SECMSG_CLIENT_RECORD_H
#define SECMSG_CLIENT_RECORD_H

#include "crypto/fernet.h"
#include "crypto/field.h"
#include "crypto/hash.h"

enum record_kind {
    RECORD_RECEIVED, /* signed, and passed all checks */
    RECORD_UNSIGNED, /* received from an account without keys */
    RECORD_SENT,     /* the server has it */
    RECORD_WAITING,  /* in the outbox */
};

struct record {
    enum record_kind kind;
    char id[FIELD_ID_SIZE];
    char peer[FIELD_USER_SIZE]; /* the sender of what was received, else the recipient */
    uint64_t time;              /* the sender's clock; of UNSIGNED the server's */
    uint64_t stored;            /* the server's clock; 0 for SENT and WAITING */
    char type[FIELD_TYPE_MAX + 1];
    char name[FIELD_NAME_MAX + 1]; /* of a file; "" for none */
    uint64_t size;                 /* bytes of data */
    uint8_t digest[HASH_LEN];      /* of what the server handed out, or of the data to send */
};

/* Fits whatever the fields are, with what the outbox adds. */
#define RECORD_TEXT_MAX ((size_t)2048)

/* Whether it is text for people, and no file. */
bool record_is_text(const struct record *record);

/* Appends it as lines `name: value`. */
enum err record_append(struct buf *text, const struct record *record) MUST_USE;

/* Takes those lines off the front of *rest. ERR_MALFORMED. */
enum err record_take(struct record *record, struct span *rest) MUST_USE;

/* How people write an id: whole, or the first RECORD_PREFIX_LEAST digits or more. */
#define RECORD_PREFIX_LEAST 6
bool record_is_prefix(const char *text);

#endif
