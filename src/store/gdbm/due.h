/* SPDX-License-Identifier: GPL-3.0-or-later */
/* due.h: whether a compaction is worth what it costs, and has room. */
#ifndef SECMSG_STORE_GDBM_DUE_H
#define SECMSG_STORE_GDBM_DUE_H

#include "store/gdbm/shard.h"

#define DUE_SLACK (UINT64_C(160) * 1024) /* bytes of no use that are left alone */
#define DUE_WAIT  UINT64_C(3600)         /* seconds */

/* Whether log and index have half as many bytes of no use again as a compaction would write, and DUE_SLACK; or,
 * once in DUE_WAIT, a mailbox in which there was no room has expired messages or ids to be forgotten: but not for
 * DUE_WAIT after a failure. Or the log can't be written to any more because an fdatasync failed: then always. By
 * what this handle last saw. */
bool due_is_now(const struct shard *shard);

/* Only from an action. ERR_NO_SPACE: what would be written takes the room that others need meanwhile. is_direct:
 * there is none for a copy of the index, but little lives, so that the index itself can be asked under the
 * lock. */
enum err due_check_room(const struct shard *shard, bool *is_direct) MUST_USE;

/* Notes, for all processes, that a compaction failed after it had begun; and that one was done. */
void due_put_off(const struct shard *shard);
void due_forget(const struct shard *shard);

#endif
