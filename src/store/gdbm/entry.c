/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where each kind of entry is found in the index: its key is made here and nowhere else. */
#include "store/gdbm/entry.h"

#include <string.h>

#include "base/banned.h"

struct entry_key {
    uint8_t bytes[INDEX_KEY_LEN];
};

static struct entry_key key_of(const struct index *index, enum entry_type type, struct span a,
                               struct span b)
{
    struct entry_key key;
    keys_entry(index_keys(index), key.bytes, type, a, b);
    return key;
}

static struct span number_span(const uint64_t *number)
{
    return span_of(number, sizeof(*number));
}

void entry_set_name(char fixed[static LAYOUT_NAME_LEN], const char *name)
{
    size_t n = strnlen(name, LAYOUT_NAME_LEN);
    memset(fixed, 0, LAYOUT_NAME_LEN);
    memcpy(fixed, name, n);
}

void entry_get_name(char name[static FIELD_USER_SIZE], const char fixed[static LAYOUT_NAME_LEN])
{
    memcpy(name, fixed, LAYOUT_NAME_LEN);
    name[LAYOUT_NAME_LEN] = '\0';
}

bool entry_is_name(const char fixed[static LAYOUT_NAME_LEN], const char *name)
{
    char text[FIELD_USER_SIZE];
    entry_get_name(text, fixed);
    return strcmp(text, name) == 0;
}

static struct entry_key account_key(const struct index *index, const char *fixed_name)
{
    return key_of(index, ENTRY_ACCOUNT, span_of(fixed_name, LAYOUT_NAME_LEN), span_str(""));
}

static struct entry_key name_key(const struct index *index, const char *fixed_name)
{
    return key_of(index, ENTRY_NAME, span_of(fixed_name, LAYOUT_NAME_LEN), span_str(""));
}

enum err entry_get_account(struct index *index, const char fixed_name[static LAYOUT_NAME_LEN],
                           struct entry_account *account)
{
    struct entry_name witness;
    enum err e = index_get(index, account_key(index, fixed_name).bytes, account, sizeof(*account));
    if (e != ERR_NOT_FOUND)
        return e;
    e = index_get(index, name_key(index, fixed_name).bytes, &witness, sizeof(witness));
    return e ? e : ERR_DAMAGED;
}

enum err entry_touch_account(struct index *index, const char fixed_name[static LAYOUT_NAME_LEN])
{
    enum err e = index_touch(index, account_key(index, fixed_name).bytes);
    return e ? e : index_touch(index, name_key(index, fixed_name).bytes);
}

enum err entry_put_account(struct index *index, const struct entry_account *account)
{
    struct entry_name witness = {0};
    memcpy(witness.name, account->name, sizeof(witness.name));
    enum err e = index_put(index, name_key(index, account->name).bytes, &witness, sizeof(witness));
    if (e)
        return e;
    return index_put(index, account_key(index, account->name).bytes, account, sizeof(*account));
}

static struct entry_key mailbox_key(const struct index *index, uint64_t number)
{
    return key_of(index, ENTRY_MAILBOX, number_span(&number), span_str(""));
}

enum err entry_get_mailbox(struct index *index, uint64_t number, struct entry_mailbox *mailbox)
{
    return index_get(index, mailbox_key(index, number).bytes, mailbox, sizeof(*mailbox));
}

enum err entry_put_mailbox(struct index *index, uint64_t number,
                           const struct entry_mailbox *mailbox)
{
    return index_put(index, mailbox_key(index, number).bytes, mailbox, sizeof(*mailbox));
}

enum err entry_remove_mailbox(struct index *index, uint64_t number)
{
    return index_remove(index, mailbox_key(index, number).bytes, sizeof(struct entry_mailbox));
}

static struct entry_key chunk_key(const struct index *index, uint64_t mailbox, uint64_t number)
{
    return key_of(index, ENTRY_CHUNK, number_span(&mailbox), number_span(&number));
}

enum err entry_get_chunk(struct index *index, uint64_t mailbox, uint64_t number,
                         struct entry_chunk *chunk)
{
    return index_get(index, chunk_key(index, mailbox, number).bytes, chunk, sizeof(*chunk));
}

enum err entry_put_chunk(struct index *index, const struct entry_chunk *chunk)
{
    return index_put(index, chunk_key(index, chunk->mailbox, chunk->number).bytes, chunk,
                     sizeof(*chunk));
}

enum err entry_remove_chunk(struct index *index, const struct entry_chunk *chunk)
{
    return index_remove(index, chunk_key(index, chunk->mailbox, chunk->number).bytes,
                        sizeof(*chunk));
}

static struct entry_key id_key(const struct index *index, uint64_t mailbox, const uint8_t *message)
{
    return key_of(index, ENTRY_ID, number_span(&mailbox), span_of(message, LAYOUT_ID_LEN));
}

enum err entry_get_id(struct index *index, uint64_t mailbox,
                      const uint8_t message[static LAYOUT_ID_LEN], struct entry_id *id)
{
    return index_get(index, id_key(index, mailbox, message).bytes, id, sizeof(*id));
}

enum err entry_put_id(struct index *index, uint64_t mailbox,
                      const uint8_t message[static LAYOUT_ID_LEN], const struct entry_id *id)
{
    return index_put(index, id_key(index, mailbox, message).bytes, id, sizeof(*id));
}

enum err entry_remove_id(struct index *index, uint64_t mailbox,
                         const uint8_t message[static LAYOUT_ID_LEN])
{
    return index_remove(index, id_key(index, mailbox, message).bytes, sizeof(struct entry_id));
}

static struct entry_key memory_key(const struct index *index, uint64_t mailbox,
                                   const uint8_t *message)
{
    return key_of(index, ENTRY_MEMORY, number_span(&mailbox), span_of(message, LAYOUT_ID_LEN));
}

enum err entry_get_memory(struct index *index, uint64_t mailbox,
                          const uint8_t message[static LAYOUT_ID_LEN], struct entry_memory *memory)
{
    return index_get(index, memory_key(index, mailbox, message).bytes, memory, sizeof(*memory));
}

enum err entry_put_memory(struct index *index, uint64_t mailbox,
                          const uint8_t message[static LAYOUT_ID_LEN],
                          const struct entry_memory *memory)
{
    return index_put(index, memory_key(index, mailbox, message).bytes, memory, sizeof(*memory));
}

enum err entry_remove_memory(struct index *index, uint64_t mailbox,
                             const uint8_t message[static LAYOUT_ID_LEN])
{
    return index_remove(index, memory_key(index, mailbox, message).bytes,
                        sizeof(struct entry_memory));
}

uint64_t entry_sender(const struct index *index, uint64_t mailbox,
                      const char sender[static LAYOUT_NAME_LEN])
{
    uint64_t number;
    struct entry_key key =
        key_of(index, ENTRY_SHARE, number_span(&mailbox), span_of(sender, LAYOUT_NAME_LEN));
    memcpy(&number, key.bytes + 1, sizeof(number)); /* behind the type */
    return number;
}

static struct entry_key share_key(const struct index *index, uint64_t mailbox, uint64_t sender)
{
    return key_of(index, ENTRY_SHARE, number_span(&mailbox), number_span(&sender));
}

enum err entry_get_share_of(struct index *index, uint64_t mailbox, uint64_t sender,
                            struct entry_share *share)
{
    return index_get(index, share_key(index, mailbox, sender).bytes, share, sizeof(*share));
}

enum err entry_get_share(struct index *index, uint64_t mailbox,
                         const char sender[static LAYOUT_NAME_LEN], struct entry_share *share)
{
    enum err e = entry_get_share_of(index, mailbox, entry_sender(index, mailbox, sender), share);
    if (e != ERR_NOT_FOUND)
        return e;
    *share = (struct entry_share){.mailbox = mailbox};
    memcpy(share->sender, sender, LAYOUT_NAME_LEN);
    return ERR_OK;
}

enum err entry_put_share(struct index *index, const struct entry_share *share)
{
    uint64_t sender = entry_sender(index, share->mailbox, share->sender);
    return index_put(index, share_key(index, share->mailbox, sender).bytes, share, sizeof(*share));
}

static struct entry_key invitation_key(const struct index *index, uint64_t number)
{
    return key_of(index, ENTRY_INVITATION, number_span(&number), span_str(""));
}

enum err entry_get_invitation(struct index *index, uint64_t number,
                              struct entry_invitation *invitation)
{
    return index_get(index, invitation_key(index, number).bytes, invitation, sizeof(*invitation));
}

enum err entry_put_invitation(struct index *index, uint64_t number,
                              const struct entry_invitation *invitation)
{
    return index_put(index, invitation_key(index, number).bytes, invitation, sizeof(*invitation));
}

enum err entry_remove_invitation(struct index *index, uint64_t number)
{
    return index_remove(index, invitation_key(index, number).bytes,
                        sizeof(struct entry_invitation));
}

static struct entry_key use_key(const struct index *index, uint64_t invitation, const char *name)
{
    return key_of(index, ENTRY_USE, number_span(&invitation), span_of(name, LAYOUT_NAME_LEN));
}

enum err entry_get_use(struct index *index, uint64_t invitation,
                       const char name[static LAYOUT_NAME_LEN], struct entry_use *use)
{
    return index_get(index, use_key(index, invitation, name).bytes, use, sizeof(*use));
}

enum err entry_put_use(struct index *index, const struct entry_use *use)
{
    return index_put(index, use_key(index, use->invitation, use->name).bytes, use, sizeof(*use));
}

enum err entry_remove_use(struct index *index, const struct entry_use *use)
{
    return index_remove(index, use_key(index, use->invitation, use->name).bytes, sizeof(*use));
}

uint64_t entry_chunk_of(uint64_t sequence)
{
    return (sequence - 1) / CHUNK_SLOTS + 1;
}

unsigned entry_slot_of(uint64_t sequence)
{
    return (unsigned)((sequence - 1) % CHUNK_SLOTS);
}

uint64_t entry_sequence_at(uint64_t chunk, unsigned slot)
{
    return (chunk - 1) * CHUNK_SLOTS + slot + 1;
}

uint64_t entry_slot_place(const struct entry_slot *slot)
{
    return ((uint64_t)slot->place_high << 32 | slot->place_low) * 8;
}

uint64_t entry_slot_time(const struct entry_slot *slot)
{
    return (uint64_t)slot->time_high << 32 | slot->time_low;
}

void entry_slot_set(struct entry_slot *slot, uint64_t place, uint64_t time)
{
    slot->place_low = (uint32_t)(place / 8);
    slot->place_high = (uint16_t)(place / 8 >> 32);
    slot->time_low = (uint32_t)time;
    slot->time_high = (uint8_t)(time >> 32);
}
