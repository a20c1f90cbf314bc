/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outbox.h: messages that the server isn't known to have: the directory `outbox/` of the account's, with a
 * file for each message and recipient. Files are numbered in the order in which they were written:
 *
 *     <record and state>\n       a Fernet token under the vault's archive key: record.h's lines, and
 *                                  sealed: <when the envelope below was made, or 0>
 *                                  sealed-for: <fingerprint of whose keys it was made for, or nothing>
 *                                  reason: <why it wasn't sent when that was tried, or nothing>
 *     <data>\n                   another; the record has its hash
 *     <envelope>                 what goes out; nothing as long as nothing went out
 *
 * The envelope is in the file before its first byte goes out, and as long as it isn't known whether the
 * server has it: so what is repeated is always the very same, which the server keeps once. */
#ifndef SECMSG_CLIENT_OUTBOX_H
#define SECMSG_CLIENT_OUTBOX_H

#include "record.h"

#define OUTBOX_REASON_SIZE 128

struct outbox {
    int dir;     /* its own, as is account: the session may forget its account meanwhile */
    int account; /* of the locks */
    uint8_t key[FERNET_KEY_LEN];
};

struct outbox_item {
    uint64_t number;
    struct record record;
    uint64_t sealed;
    char sealed_for[FINGERPRINT_SIZE]; /* "" if there is no envelope */
    char reason[OUTBOX_REASON_SIZE];
    struct buf data;
    struct buf envelope;
};

/* Makes the directory if it is missing. ERR_IO and errno. outbox_close is fine after a failure. */
enum err outbox_open(struct outbox *outbox, int account_dir,
                     const uint8_t key[static FERNET_KEY_LEN]) MUST_USE;
void outbox_close(struct outbox *outbox);

/* Appends the numbers (uint64_t) of all that waits, oldest first. */
enum err outbox_list(const struct outbox *outbox, struct buf *numbers) MUST_USE;

/* An item that holds nothing. */
void outbox_item_init(struct outbox_item *item);
void outbox_item_free(struct outbox_item *item);

/* Sets the item's hash and size, gives it the next number, and returns when it is durable. ERR_FULL: there
 * are OUTBOX_MOST. */
#define OUTBOX_MOST 10000
enum err outbox_add(const struct outbox *outbox, struct outbox_item *item) MUST_USE;

/* Fills an item that holds nothing. ERR_NOT_FOUND, ERR_FORGED (sealed under other keys, or damaged),
 * ERR_DAMAGED, ERR_IO. */
enum err outbox_load(const struct outbox *outbox, uint64_t number,
                     struct outbox_item *item) MUST_USE;

/* Writes it in place of what was there: one or the other survives whatever happens. */
enum err outbox_store(const struct outbox *outbox, const struct outbox_item *item) MUST_USE;

/* Fine if it isn't there. */
enum err outbox_remove(const struct outbox *outbox, uint64_t number) MUST_USE;

#endif
