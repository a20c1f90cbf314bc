/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebuild.h: from the log to a new index and a new marker. */
#ifndef SECMSG_STORE_GDBM_REBUILD_H
#define SECMSG_STORE_GDBM_REBUILD_H

#include "store/gdbm/shard.h"

/* Reads the shard's log anew and replaces index and marker; on success both are open and trusted, and the log
 * is durable. Under the shard's lock. ERR_NOT_FOUND: there is no log. ERR_DAMAGED: the log is, where
 * leaving that out would change who owns a name; logged. The old index stays then, as it was. */
enum err rebuild_shard(struct shard *shard) MUST_USE;

#endif
