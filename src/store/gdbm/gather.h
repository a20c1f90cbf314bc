/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gather.h: ids whose messages are gone, on their way into MEMORY records: by mailbox and sender, since a record names
 * both once. */
#ifndef SECMSG_STORE_GDBM_GATHER_H
#define SECMSG_STORE_GDBM_GATHER_H

#include "base/error.h"
#include "store/gdbm/layout.h"

#define GATHER_GROUPS 32  /* so many wait at once: 600 KB at most */
#define GATHER_ITEMS  512 /* in one record */

struct gather_group {
    struct record_memory head;
    size_t n;
    uint64_t used;
    struct memory_item items[GATHER_ITEMS];
};

struct gather {
    struct gather_group *groups; /* GATHER_GROUPS; NULL before the first */
    uint64_t clock;
};

/* Gives an item to its group. *full is NULL, or a group that has to be written and emptied (n = 0) before the item is
 * given once more. ERR_NO_MEMORY. */
enum err gather_add(struct gather *g, const struct record_memory *head,
                    const struct memory_item *item, struct gather_group **full) MUST_USE;

/* Another group that isn't empty, NULL for none: at the end all are to be written. */
struct gather_group *gather_next(struct gather *g);

void gather_free(struct gather *g);

#endif
