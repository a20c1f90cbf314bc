/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mailbox.h: walking a mailbox's chunks. Only from an action (shard.h); a chunk that should be there and
 * isn't is ERR_DAMAGED. */
#ifndef SECMSG_STORE_GDBM_MAILBOX_H
#define SECMSG_STORE_GDBM_MAILBOX_H

#include "store/gdbm/entry.h"
#include "store/store.h"

struct mailbox {
    struct index *index;
    uint64_t number;
    struct entry_mailbox entry;
};

/* The earliest message behind `after`: its chunk, which of its slots, and its sequence. ERR_NOT_FOUND. */
enum err mailbox_find_after(const struct mailbox *m, uint64_t after, struct entry_chunk *chunk,
                            uint64_t *sequence) MUST_USE;

/* How many messages have a sequence of at most `after`. */
enum err mailbox_count_upto(const struct mailbox *m, uint64_t after, uint64_t *n) MUST_USE;

enum err mailbox_get_chunk(const struct mailbox *m, uint64_t number,
                           struct entry_chunk *chunk) MUST_USE;

/* What the contract tells of a slot. */
void mailbox_fill_item(struct store_item *item, const struct entry_slot *slot);

#endif
