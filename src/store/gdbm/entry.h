/* SPDX-License-Identifier: GPL-3.0-or-later */
/* entry.h: the index's entries by what they are about. Errors as index_get and index_put. */
#ifndef SECMSG_STORE_GDBM_ENTRY_H
#define SECMSG_STORE_GDBM_ENTRY_H

#include "store/gdbm/index.h"

/* Names between their zero-terminated and their fixed form. A name too long is cut: callers have checked. */
void entry_set_name(char fixed[static LAYOUT_NAME_LEN], const char *name);
void entry_get_name(char name[static FIELD_USER_SIZE], const char fixed[static LAYOUT_NAME_LEN]);
bool entry_is_name(const char fixed[static LAYOUT_NAME_LEN], const char *name);

/* Each account has two entries, under unlike keys: ERR_NOT_FOUND means that neither is there, since a name must
 * not look free because GDBM can't find one of them; ERR_DAMAGED that only the second is. */
enum err entry_get_account(struct index *index, const char fixed_name[static LAYOUT_NAME_LEN],
                           struct entry_account *account) MUST_USE;

/* Reads what a look-up may have to, whether the account is there or not. Before it: then it has nothing to read. */
enum err entry_touch_account(struct index *index,
                             const char fixed_name[static LAYOUT_NAME_LEN]) MUST_USE;
enum err entry_put_account(struct index *index, const struct entry_account *account) MUST_USE;

enum err entry_get_mailbox(struct index *index, uint64_t number,
                           struct entry_mailbox *mailbox) MUST_USE;
enum err entry_put_mailbox(struct index *index, uint64_t number,
                           const struct entry_mailbox *mailbox) MUST_USE;
enum err entry_remove_mailbox(struct index *index, uint64_t number) MUST_USE;

enum err entry_get_chunk(struct index *index, uint64_t mailbox, uint64_t number,
                         struct entry_chunk *chunk) MUST_USE;
enum err entry_put_chunk(struct index *index, const struct entry_chunk *chunk) MUST_USE;
enum err entry_remove_chunk(struct index *index, const struct entry_chunk *chunk) MUST_USE;

enum err entry_get_id(struct index *index, uint64_t mailbox,
                      const uint8_t message[static LAYOUT_ID_LEN], struct entry_id *id) MUST_USE;
enum err entry_put_id(struct index *index, uint64_t mailbox,
                      const uint8_t message[static LAYOUT_ID_LEN],
                      const struct entry_id *id) MUST_USE;
enum err entry_remove_id(struct index *index, uint64_t mailbox,
                         const uint8_t message[static LAYOUT_ID_LEN]) MUST_USE;

enum err entry_get_memory(struct index *index, uint64_t mailbox,
                          const uint8_t message[static LAYOUT_ID_LEN],
                          struct entry_memory *memory) MUST_USE;
enum err entry_put_memory(struct index *index, uint64_t mailbox,
                          const uint8_t message[static LAYOUT_ID_LEN],
                          const struct entry_memory *memory) MUST_USE;
enum err entry_remove_memory(struct index *index, uint64_t mailbox,
                             const uint8_t message[static LAYOUT_ID_LEN]) MUST_USE;

/* A sender in 64 bits, keyed: what a share is found by. */
uint64_t entry_sender(const struct index *index, uint64_t mailbox,
                      const char sender[static LAYOUT_NAME_LEN]);

/* ERR_NOT_FOUND if there is none. */
enum err entry_get_share_of(struct index *index, uint64_t mailbox, uint64_t sender,
                            struct entry_share *share) MUST_USE;

/* A sender without a share yet has an empty one: never ERR_NOT_FOUND. */
enum err entry_get_share(struct index *index, uint64_t mailbox,
                         const char sender[static LAYOUT_NAME_LEN],
                         struct entry_share *share) MUST_USE;
enum err entry_put_share(struct index *index, const struct entry_share *share) MUST_USE;

enum err entry_get_invitation(struct index *index, uint64_t number,
                              struct entry_invitation *invitation) MUST_USE;
enum err entry_put_invitation(struct index *index, uint64_t number,
                              const struct entry_invitation *invitation) MUST_USE;
enum err entry_remove_invitation(struct index *index, uint64_t number) MUST_USE;

enum err entry_get_use(struct index *index, uint64_t invitation,
                       const char name[static LAYOUT_NAME_LEN], struct entry_use *use) MUST_USE;
enum err entry_put_use(struct index *index, const struct entry_use *use) MUST_USE;
enum err entry_remove_use(struct index *index, const struct entry_use *use) MUST_USE;

/* Sequences, chunks and slots. */
uint64_t entry_chunk_of(uint64_t sequence);
unsigned entry_slot_of(uint64_t sequence);
uint64_t entry_sequence_at(uint64_t chunk, unsigned slot);

uint64_t entry_slot_place(const struct entry_slot *slot);
uint64_t entry_slot_time(const struct entry_slot *slot);
void entry_slot_set(struct entry_slot *slot, uint64_t place, uint64_t time);

#endif
