/* SPDX-License-Identifier: GPL-3.0-or-later */
/* alike.h: work for whoever hasn't logged in, which costs the same whether a name has an account. */
#ifndef SECMSG_STORE_GDBM_ALIKE_H
#define SECMSG_STORE_GDBM_ALIKE_H

#include "store/gdbm/shard.h"

/* As shard_run; where nobody has registered in the user's shard yet, the action runs in another one, and doesn't find
 * there what it looks for. */
enum err alike_run(struct store *store, const char *user, shard_action *action,
                   void *context) MUST_USE;

/* As entry_get_account. Only from an action. */
enum err alike_find(struct shard *shard, const char *user, struct entry_account *account) MUST_USE;

/* Instead of an account's record with so many bytes of identity and vault: reads as much of the log, at a place that
 * is the name's own, and finds nothing: ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. Only from an action. */
enum err alike_read_nothing(const struct shard *shard, const char *user, size_t typical) MUST_USE;

#endif
