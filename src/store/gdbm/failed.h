/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failed.h: a generation of which an fdatasync has failed: the way out of it, and what can be told as long as
 * there is none. */
#ifndef SECMSG_STORE_GDBM_FAILED_H
#define SECMSG_STORE_GDBM_FAILED_H

#include "store/gdbm/shard.h"

/* Whether the shard's generation has failed, and this handle hasn't yet tried to leave it in vain. Under the
 * lock. */
bool failed_is_to_leave(const struct shard *shard);

/* Makes the next generation, or waits a little for whoever is making it. Without the lock; the shard's handle
 * may be another afterwards, or closed. */
void failed_leave(struct gdbm_store *store, unsigned number);

/* Lets the shard be read as far as it is durable: with all its records, or else with an index and a marker
 * of those up to the durable end, until failed_end_view. Under the lock. */
enum err failed_begin_view(struct shard *shard) MUST_USE;
void failed_end_view(struct shard *shard);

/* Sets the failed flag: nothing that isn't durable yet ever will be told. */
void failed_set(struct shard *shard);

#endif
