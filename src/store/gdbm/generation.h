/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generation.h: which of a shard's logs is the truth. Under the shard's lock. */
#ifndef SECMSG_STORE_GDBM_GENERATION_H
#define SECMSG_STORE_GDBM_GENERATION_H

#include "store/gdbm/journal.h"

/* The highest generation whose log is whole: it has all the records that its header says it was born with.
 * Where none is, the highest that can be opened. ERR_NOT_FOUND: there is no log; else why none can be. */
enum err generation_find(int dir, struct journal_owner owner, uint64_t *generation) MUST_USE;

/* Removes all logs but that one, durably, and what is left of those that were never completed. */
enum err generation_keep_only(int dir, uint64_t generation) MUST_USE;

#endif
