/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compaction, after a session in the shards that it used, since nobody else would; and when asked for. And letting
 * go of what a compaction by others has replaced. */
#include "base/log.h"
#include "store/gdbm/compact.h"
#include "store/gdbm/due.h"

#include "base/banned.h"

void maintain_store(struct store *store)
{
    struct gdbm_store *k = keeper_of(store);
    const struct compact_order order = {.retention_days = k->quota.retention_days};
    struct compact_outcome outcome;
    for (unsigned i = 0; i < k->directory.shard_count; i++) {
        if (k->shards[i] == NULL || !due_is_now(k->shards[i]))
            continue;
        enum err e = compact_shard(k, i, &order, &outcome);
        if (e)
            log_event(LOG_LEVEL_WARNING, "compact_failed", "shard=%u error=\"%s\"", i, err_text(e));
    }
}

void maintain_rest(struct store *store)
{
    struct gdbm_store *k = keeper_of(store);
    for (unsigned i = 0; i < k->directory.shard_count; i++) {
        struct shard *shard = k->shards[i];
        if (shard == NULL || shard->is_pending)
            continue;
        index_drop(shard->index);
        index_drop(shard->view.index);
        shard->index = NULL;
        shard->view.index = NULL;
        journal_close(&shard->journal);
        shard->need = 0; /* it is settled */
    }
}

enum err maintain_compact(struct store *store, unsigned shard,
                          struct operate_compaction *compaction)
{
    struct gdbm_store *k = keeper_of(store);
    const struct compact_order order = {.is_forced = true,
                                        .retention_days = k->quota.retention_days};
    struct compact_outcome outcome;
    enum err e = compact_shard(k, shard, &order, &outcome);
    *compaction = (struct operate_compaction){.is_done = outcome.is_done,
                                              .bytes_before = outcome.bytes_before,
                                              .bytes_after = outcome.bytes_after,
                                              .expired = outcome.expired};
    return e;
}
