/* SPDX-License-Identifier: GPL-3.0-or-later */
/* content.h: what is sealed in an envelope: fields, data and padding (protocol 3.4). */
#ifndef SECMSG_CRYPTO_CONTENT_H
#define SECMSG_CRYPTO_CONTENT_H

#include "crypto/fault.h"
#include "crypto/identity.h"

/* What a message says. `data` and the strings are for the reader alone: never log them. */
struct content {
    char type[FIELD_TYPE_MAX + 1];
    char name[FIELD_NAME_MAX + 1]; /* "" if it has none */
    struct span data;              /* points into plain */
    struct buf plain;              /* owns the opened content; freed by content_free */
};

void content_free(struct content *content);

/* A message to be sealed. */
struct message {
    const char *id;
    uint64_t time;
    const char *type;
    const char *name; /* NULL or "" for none */
    struct span data;
};

/* Appends the content of a message. ERR_MALFORMED if a field isn't of its form. */
enum err content_make(struct buf *plain, const struct message *message, const struct identity *from,
                      const struct identity *to) MUST_USE;

/* Who the content says it is from and to, to be held against the envelope. Spans point into plain. */
struct content_claims {
    struct span from, to, id, from_identity, to_identity;
};

/* Checks the form of what was opened into content->plain and fills the rest. FAULT_CONTENT, FAULT_PADDING. */
enum fault content_parse(struct content *content, struct content_claims *claims);

/* Bytes of the longest content, before padding, of n bytes of data. */
size_t content_longest(size_t n);

#endif
