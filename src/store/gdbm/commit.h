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

/* Whether a change that needs room may begin: ERR_OK, ERR_READ_ONLY, ERR_NO_SPACE. */
enum err commit_check_room(const struct shard *shard) MUST_USE;

#endif
