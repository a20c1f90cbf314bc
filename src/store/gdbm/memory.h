/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memory.h: what a mailbox knows of an id: its message waits, or is gone and remembered for STORE_DUPLICATE_DAYS. */
#ifndef SECMSG_STORE_GDBM_MEMORY_H
#define SECMSG_STORE_GDBM_MEMORY_H

#include "store/gdbm/entry.h"

struct memory {
    bool is_waiting;
    bool is_carried;   /* by a compaction, as an ENTRY_MEMORY; else as an ENTRY_ID */
    uint64_t sequence; /* 0 if it is carried */
    uint64_t age;      /* the shard's at its acceptance */
    uint8_t hash[MEMORY_HASH_LEN];
    uint64_t sender; /* entry_sender */
};

/* ERR_NOT_FOUND, and the errors of index_get. */
enum err memory_find(struct index *index, uint64_t mailbox,
                     const uint8_t message[static LAYOUT_ID_LEN], struct memory *memory) MUST_USE;

/* Removes its entry, whichever it is. */
enum err memory_remove(struct index *index, uint64_t mailbox,
                       const uint8_t message[static LAYOUT_ID_LEN],
                       const struct memory *memory) MUST_USE;

/* Whether an id whose message is gone is forgotten at the age `now`. */
bool memory_is_over(const struct memory *memory, uint64_t now);

#endif
