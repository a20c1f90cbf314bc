/* SPDX-License-Identifier: GPL-3.0-or-later */
/* books.h: what a workload was told, and what a store must therefore hold.
 *
 * A workload (workload.c) writes a line before each call, and one behind it once store_settle has spoken:
 *   + N put USER ID            + N ack USER ID...     + N register USER CHECK
 *   + N password USER CHECK    + N delete USER        + N invite NAME (guests.h)
 *   g N USER ID (a message given, after call N)
 *   = N ok | no | unknown      ! TEXT                 (something wrong that it saw itself)
 * What stands without a result was in flight. An id tells its writer and number, and they its body. */
#ifndef SECMSG_TESTS_CRASH_BOOKS_H
#define SECMSG_TESTS_CRASH_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "crypto/field.h"
#include "store/store.h"

#define BOOKS_USERS  256
#define BOOKS_CHECKS 1024
#define BOOKS_IDS    64 /* in one acknowledgement */

enum told { TOLD_NOTHING, TOLD_MAYBE, TOLD_OK, TOLD_NO };

struct books_message {
    char id[FIELD_ID_SIZE];
    unsigned user;
    enum told put;
    enum told ack;
    uint64_t ack_group; /* the call that may have removed it, with all others of that call */
    uint64_t ack_call;  /* that was told ok */
    unsigned puts;      /* calls that may have stored it */
    unsigned acks;      /* calls that may have removed it */
    bool is_given;      /* to somebody who was told so: it is durable */
    unsigned seen;      /* by the audit */
};

struct books_user {
    char name[FIELD_USER_SIZE];
    enum told made;
    enum told deleted;
    uint64_t checks[BOOKS_CHECKS]; /* one of these is the account's */
    unsigned check_count;
    bool has_more; /* than fit: any will do */
};

struct books {
    struct books_user users[BOOKS_USERS];
    unsigned user_count;
    struct books_message *messages;
    unsigned message_count;
    unsigned message_size;
    unsigned *places; /* hash table of message numbers + 1 */
    unsigned place_count;
    uint64_t calls_before; /* of processes read before */
    unsigned wrong;        /* complaints printed */
};

/* Nothing is refused for being too much. */
extern const struct store_quota books_quota;

/* A program's option `name=value`, if the argument is that one; and what it takes for granted. */
void books_option(const char *argument, const char *name, uint64_t *value);
void books_require(bool is_good);

/* Reads a file of such lines. Results behind the first `known` bytes don't count (0: all do). */
void books_read(struct books *books, const char *path, uint64_t known);

/* After the last file: what was given must have been sent. */
void books_close(struct books *books);
void books_free(struct books *books);

/* Prints `kind: text`, and counts. */
void books_complain(struct books *books, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct books_message *books_find(struct books *books, const char *id);

/* ---- ids and bodies, the same for writer and auditor ---- */

void books_id(char id[static FIELD_ID_SIZE], uint32_t writer, uint32_t number);
uint32_t books_writer(const char *id);
uint32_t books_number(const char *id);
void books_body(struct buf *body, const char *id);

/* The same numbers in each run: splitmix64 (Vigna). */
uint64_t books_random(uint64_t *seed);

/* An account's `check`, and the number in it. */
void books_set_check(struct store_account *account, uint64_t check);
uint64_t books_check(const struct store_account *account);

#endif
