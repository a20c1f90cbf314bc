/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact.h: from a log with dead records to the next generation, which has only what is needed.
 *
 * Takes the shard's lock three times or more, each time for as long as a copy of the index, or of what was
 * added meanwhile, takes; everything else happens outside. */
#ifndef SECMSG_STORE_GDBM_COMPACT_H
#define SECMSG_STORE_GDBM_COMPACT_H

#include "store/gdbm/shard.h"

struct compact_order {
    bool is_forced; /* also where it isn't due */
    bool may_lose;  /* damaged messages and acknowledgements are left out; else ERR_DAMAGED */
    uint64_t retention_days; /* messages that have waited so long are dropped; 0: none */
};

struct compact_outcome {
    bool is_done;    /* false: it wasn't due, or another process is at it, or was faster */
    bool has_failed; /* after something was written: it is left alone for a while (due.h) */
    uint64_t bytes_before;
    uint64_t bytes_after;
    uint64_t expired; /* messages */
    uint64_t lost;    /* damaged records */
};

/* ERR_NOT_FOUND: there is no such shard. ERR_DAMAGED: the log is; a wrong index is built
 * again from it. On any error the old generation goes on. */
enum err compact_shard(struct gdbm_store *store, unsigned number, const struct compact_order *order,
                       struct compact_outcome *outcome) MUST_USE;

#endif
