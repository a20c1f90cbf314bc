/* SPDX-License-Identifier: GPL-3.0-or-later */
/* books.h: what was sent, what the server answered for, and what readers were given.
 *
 * A route leads from one sender to one mailbox, which one reader empties. An id tells its route and its number
 * there, so every message has a page of its own. Whatever doesn't add up is printed (`wrong: ...`) and counted. */
#ifndef SECMSG_TESTS_LOAD_BOOKS_H
#define SECMSG_TESTS_LOAD_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "crypto/field.h"
#include "crypto/hash.h"

struct books_message {
    uint8_t tail[8];        /* of its id: random, so that nobody guesses one */
    uint8_t hash[HASH_LEN]; /* of its envelope */
    bool is_sent;           /* at least once */
    bool is_accepted;       /* the sender has its OK */
    bool is_given;
    bool is_ack_sent; /* the server may have removed it */
    bool is_removed;  /* the reader has its OK */
};

struct route {
    struct books_message *messages;
    uint32_t count, cap;
    uint32_t next;  /* the first that its reader was never given */
    int64_t latest; /* that was given in the reader's present session; -1: none */
};

struct books {
    struct route *routes;
    size_t route_count;
    uint64_t written, sent, accepted, repeated, given, given_again, removed;
    uint64_t wrong;
};

void books_open(struct books *books, size_t routes);
void books_close(struct books *books);

void books_wrong(struct books *books, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A new message of a route: makes its id. */
void books_write(struct books *books, size_t route, char id[static FIELD_ID_SIZE]);

/* The envelope goes out, for the first time or again. */
void books_send(struct books *books, const char *id, struct span envelope);

/* The server said OK to it: is_duplicate, that it had it already. */
void books_accept(struct books *books, const char *id, bool is_duplicate);

/* The reader of a route connects anew. */
void books_restart(struct books *books, size_t route);

/* A message was given to the reader of routes `first` to `first` + n - 1. */
void books_give(struct books *books, size_t first, size_t n, struct span id, struct span envelope);

/* An acknowledgement goes out, and was answered. */
void books_send_ack(struct books *books, const char *id);
void books_remove(struct books *books, const char *id);

/* Whether everything that was written was accepted; and was given as well. */
bool books_is_accepted(const struct books *books);
bool books_is_given(const struct books *books, size_t first, size_t n);

/* At the end, when all mailboxes are empty: every message accepted, given and removed. */
void books_balance(struct books *books);

#endif
