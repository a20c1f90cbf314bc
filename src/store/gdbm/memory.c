/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An id has one entry at a time: of its message, and once a compaction has carried it over, a small one. */
#include "store/gdbm/memory.h"

#include <string.h>

#include "store/gdbm/age.h"
#include "store/store.h"

#include "base/banned.h"

static enum err find_carried(struct index *index, uint64_t mailbox, const uint8_t *message,
                             struct memory *memory)
{
    struct entry_memory entry;
    enum err e = entry_get_memory(index, mailbox, message, &entry);
    if (e)
        return e;
    *memory = (struct memory){.is_carried = true, .age = entry.age, .sender = entry.sender};
    memcpy(memory->hash, entry.hash, sizeof(memory->hash));
    return ERR_OK;
}

enum err memory_find(struct index *index, uint64_t mailbox,
                     const uint8_t message[static LAYOUT_ID_LEN], struct memory *memory)
{
    struct entry_id id;
    enum err e = entry_get_id(index, mailbox, message, &id);
    if (e == ERR_NOT_FOUND)
        return find_carried(index, mailbox, message, memory);
    if (e)
        return e;
    *memory = (struct memory){.is_waiting = id.state == ID_WAITING,
                              .sequence = id.sequence,
                              .age = id.age,
                              .sender = entry_sender(index, mailbox, id.sender)};
    memcpy(memory->hash, id.hash, sizeof(memory->hash));
    return ERR_OK;
}

enum err memory_remove(struct index *index, uint64_t mailbox,
                       const uint8_t message[static LAYOUT_ID_LEN], const struct memory *memory)
{
    return memory->is_carried ? entry_remove_memory(index, mailbox, message)
                              : entry_remove_id(index, mailbox, message);
}

bool memory_is_over(const struct memory *memory, uint64_t now)
{
    return !memory->is_waiting && age_is_over(memory->age, STORE_DUPLICATE_DAYS, now);
}
