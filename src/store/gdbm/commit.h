/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commit.h: changing a shard. Only from an action (shard.h). */
#ifndef SECMSG_STORE_GDBM_COMMIT_H
#define SECMSG_STORE_GDBM_COMMIT_H

#include "store/gdbm/shard.h"

/* Gives a record its time and age, appends it, applies it to the index, and writes the marker: all of it, or (any error) nothing. */
enum err commit_record(struct shard *shard, const struct journal_append *record) MUST_USE;

/* Notes the shard's age in the log, if it is time for that and there is room. On an error the index is as good
 * as none. */
enum err commit_age(struct shard *shard) MUST_USE;

/* Whether a user's change may begin, of those that the quota's reserve holds back: one that brings a message while
 * there is the reserve, one that brings an account while there is twice as much. As commit_check_room. */
enum commit_kind { COMMIT_MESSAGE = 1, COMMIT_ACCOUNT = 2 };
enum err commit_check_reserve(const struct shard *shard, enum commit_kind kind) MUST_USE;

/* Whether any other change that needs room may begin: ERR_OK, ERR_READ_ONLY, ERR_NO_SPACE. */
enum err commit_check_room(const struct shard *shard) MUST_USE;

#endif
