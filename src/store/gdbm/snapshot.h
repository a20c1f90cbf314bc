/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot.h: a shard's index as it is under the lock, to be asked once the lock is gone. */
#ifndef SECMSG_STORE_GDBM_SNAPSHOT_H
#define SECMSG_STORE_GDBM_SNAPSHOT_H

#include "store/gdbm/shard.h"

#define SNAPSHOT_IN_MEMORY (UINT64_C(32) << 20) /* a larger index is copied to the disk */

/* Copies the index to memory, or to a file without a name, opened for reading, whose directory is the shard's. Only from an
 * action. ERR_NO_SPACE, ERR_IO, ERR_NO_MEMORY, ERR_DAMAGED. */
enum err snapshot_index(struct index **copy, const struct shard *shard) MUST_USE;

#endif
