/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.h: what the records that concern one mailbox do to the index. Called by apply.c alone. */
#ifndef SECMSG_STORE_GDBM_MESSAGE_H
#define SECMSG_STORE_GDBM_MESSAGE_H

#include "store/gdbm/apply.h"

/* PUT, ACK, MEMORY, REMEMBER, MAILBOX. Errors as apply_to_index. */
enum err message_put(struct index *index, struct marker *marker,
                     const struct apply_record *record) MUST_USE;
enum err message_remove(struct index *index, struct marker *marker,
                        const struct apply_record *record) MUST_USE;
enum err message_carry(struct index *index, struct marker *marker,
                       const struct apply_record *record) MUST_USE;
enum err message_remember(struct index *index, struct marker *marker,
                          const struct apply_record *record) MUST_USE;
enum err message_set_counters(struct index *index, struct marker *marker,
                              const struct apply_record *record) MUST_USE;

#endif
