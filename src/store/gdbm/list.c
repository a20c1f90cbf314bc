/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only the log's end is taken under the lock: what is before it never changes. */
#include "store/gdbm/list.h"

#include "store/gdbm/shard.h"

#include "base/banned.h"

static enum err note_end(struct shard *shard, void *context)
{
    uint64_t *end = context;
    *end = shard->marker.end;
    return journal_measure(&shard->journal);
}

enum err list_log(struct gdbm_store *k, unsigned shard, list_taker *take, struct buf *items)
{
    struct scan scan;
    struct scan_record record;
    uint64_t end;
    enum err e = shard_run_in(k, shard, false, note_end, &end);
    if (e)
        return e;
    scan_open(&scan, &k->shards[shard]->journal, end);
    while (!e && scan.end.place < end) {
        e = scan_next(&scan, &record);
        if (!e && !record.is_lost)
            e = take(items, &record);
    }
    scan_close(&scan);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}
