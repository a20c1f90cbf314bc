/* SPDX-License-Identifier: GPL-3.0-or-later */
/* original.h: a shard's log as a backup copies it: up to an end that was once its end. */
#ifndef SECMSG_STORE_GDBM_ORIGINAL_H
#define SECMSG_STORE_GDBM_ORIGINAL_H

#include "store/gdbm/journal.h"
#include "store/gdbm/keeper.h"

struct original {
    struct journal_owner owner;
    struct journal log;
    uint64_t end;
    uint64_t records; /* of what was read of the log itself */
    uint64_t lost;
};

/* Of a shard on a medium that can't be written, for which nobody can make an index, the log is read itself.
 * ERR_NOT_FOUND: there is no such shard; ERR_DAMAGED, named in the log; ERR_BUSY, ERR_IO, ... original_close is
 * due in any case. */
enum err original_open(struct original *o, struct gdbm_store *store, unsigned shard) MUST_USE;

/* Reads the log from `from` to its end, names what is damaged there, and counts it in `lost`. ERR_DAMAGED: without
 * that nothing of the shard could be restored. */
enum err original_check(struct original *o, struct journal_end from) MUST_USE;

void original_close(struct original *o);

#endif
