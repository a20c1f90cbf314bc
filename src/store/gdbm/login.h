/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login.h: who is an account, and whether a login still holds. Only from an action (shard.h). */
#ifndef SECMSG_STORE_GDBM_LOGIN_H
#define SECMSG_STORE_GDBM_LOGIN_H

#include "store/gdbm/mailbox.h"
#include "store/gdbm/shard.h"

/* The entry of an active account. ERR_NOT_FOUND. */
enum err login_find(struct shard *shard, const char *user, struct entry_account *entry) MUST_USE;

/* The same for a login that holds. ERR_DENIED. */
enum err login_check(struct shard *shard, const struct store_login *login,
                     struct entry_account *entry) MUST_USE;

/* And its mailbox. ERR_DENIED; ERR_DAMAGED if it has none. */
enum err login_open_mailbox(struct shard *shard, const struct store_login *login,
                            struct mailbox *mailbox) MUST_USE;

#endif
