/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ahead.h: the room that a log has behind its last record. It reads as zeros. Callers hold the shard's lock. */
#ifndef SECMSG_STORE_GDBM_AHEAD_H
#define SECMSG_STORE_GDBM_AHEAD_H

#include "store/gdbm/journal.h"

#define AHEAD_HEADROOM (UINT64_C(64) * 1024) /* kept for what makes room: ACK, DELETE */
#define AHEAD_STEP     (UINT64_C(32) * 1024) /* allocated at a time */

/* Makes the file so long. ERR_NO_SPACE, ERR_IO. */
enum err ahead_extend(struct journal *j, uint64_t size) MUST_USE;

/* Sees to it that records up to `end` have room, and the headroom behind them. is_leaving: where the disk has none, the
 * headroom may be used. */
enum err ahead_make_room(struct journal *j, uint64_t end, bool is_leaving) MUST_USE;

/* Headroom for a log that came without, behind its last record at `end`. */
enum err ahead_give_headroom(struct journal *j, uint64_t end) MUST_USE;

#endif
