/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second step: what was done and seen becomes durable. Invariant: the durable end is only ever raised
 * to an end that was in the marker before an fdatasync of ours began, and that succeeded.
 *
 * It comes after the lock's release, so writers that arrive together share the disk's work: who finds the
 * durable end beyond what it rests on has nothing to do. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/failed.h"
#include "store/gdbm/point.h"
#include "store/gdbm/shard.h"

#include "base/banned.h"

/* Whether somebody's fdatasync of this generation has failed. */
static enum err check_failed(const struct shard *shard, struct marker *marker)
{
    enum err e = ERR_NOT_FOUND;
    for (int tries = 0; e == ERR_NOT_FOUND && tries < 5; tries++)
        e = marker_read(&shard->file,
                        marker); /* without the lock: it may be half written just now */
    if (e)
        return e;
    bool is_same = marker->generation == shard->journal.generation;
    return is_same && (marker->flags & MARKER_FAILED) != 0 ? ERR_READ_ONLY : ERR_OK;
}

static enum err sync_log(struct shard *shard)
{
    struct marker marker;
    uint64_t generation = shard->journal.generation;
    uint64_t end = shard->need;
    enum err e = check_failed(shard, &marker);
    if (e == ERR_READ_ONLY || e == ERR_IO)
        return e;
    if (!e && marker.generation > generation)
        return ERR_OK; /* which was made durable with all that this log held, before it was named */
    if (!e && marker.generation == generation && marker.end > end)
        end = marker.end; /* others' records too, while we are at it */
    point_pass("settle: fdatasync");
    if (fdatasync(shard->journal.fd) != 0) {
        log_event(LOG_LEVEL_ERROR, "fdatasync_failed", "shard=%u generation=%" PRIu64 " errno=%d",
                  shard->number, generation, errno);
        failed_set(shard);
        return ERR_IO;
    }
    e = check_failed(shard, &marker);
    if (e == ERR_READ_ONLY || e == ERR_IO)
        return e;
    if (shard->is_read_only || (!e && marker.generation > generation))
        return ERR_OK;
    /* What can't be raised lags: somebody syncs once more. */
    e = marker_raise_durable(&shard->file, generation, end);
    if (e)
        log_event(LOG_LEVEL_WARNING, "durable_end_lags", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
    return ERR_OK;
}

/* Without the descriptor that it was written with, or written again with, nobody knows whether it is durable. */
static enum err settle_shard(struct shard *shard)
{
    enum err e = ERR_OK;
    if (shard->need > 0 &&
        marker_durable_end(&shard->file, shard->journal.generation) < shard->need)
        e = shard->journal.fd >= 0 ? sync_log(shard) : ERR_IO;
    if (!e)
        shard->is_pending = false;
    return e;
}

enum err settle_store(struct store *store)
{
    struct gdbm_store *k = keeper_of(store);
    enum err first = k->has_lost ? ERR_IO : ERR_OK;
    for (unsigned i = 0, seen = 0; seen < k->shards_open; i++) {
        struct shard *shard = k->shards[i];
        if (shard == NULL)
            continue;
        seen++;
        enum err e = shard->is_pending ? settle_shard(shard) : ERR_OK;
        if (!first)
            first = e;
    }
    while (!first && k->shards_open > KEEPER_SHARDS_OPEN)
        shard_close_idle(k);
    return first;
}
