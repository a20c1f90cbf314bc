/* SPDX-License-Identifier: GPL-3.0-or-later */
/* invite.h: the invitation that a reserved name may wait for. Only from an action (shard.h). */
#ifndef SECMSG_STORE_GDBM_INVITE_H
#define SECMSG_STORE_GDBM_INVITE_H

#include "store/gdbm/shard.h"

/* What the name waits for, expired or not. ERR_NOT_FOUND: it has an account, or is reserved for nobody;
 * ERR_DAMAGED, ERR_IO, ERR_NO_MEMORY. */
enum err invite_read(const struct shard *shard, const struct entry_account *entry,
                     struct record_invite *invite) MUST_USE;

/* Whether it waits for this one. ERR_DENIED: for another, or it has expired; else as above. */
enum err invite_check(const struct shard *shard, const struct entry_account *entry,
                      const uint8_t hash[static LAYOUT_HASH_LEN]) MUST_USE;

#endif
