/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asks for a name again and again, and measures, shall learn nothing: not by the shard that isn't there yet, not
 * by an entry that is read where there is one, not by the record behind it. */
#include "store/gdbm/alike.h"

#include "store/gdbm/entry.h"
#include "store/gdbm/made.h"

#include "base/banned.h"

enum err alike_run(struct store *store, const char *user, shard_action *action, void *context)
{
    struct gdbm_store *k = keeper_of(store);
    unsigned count = k->directory.shard_count;
    unsigned number = keys_shard(&k->keys, user, count);
    return shard_run_in(k, made_or_another(k->directory.shards, number, count), false, action,
                        context);
}

enum err alike_find(struct shard *shard, const char *user, struct entry_account *account)
{
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, user);
    enum err e = entry_touch_account(shard->index, name);
    return e ? e : entry_get_account(shard->index, name, account);
}

enum err alike_read_nothing(const struct shard *shard, const char *user, size_t typical)
{
    const struct keys *keys = &shard->store->keys;
    uint64_t length = sizeof(struct record_account) + typical;
    uint64_t place = journal_start(&shard->journal).place;
    uint64_t end = shard->marker.end, size = journal_record_size(length);
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    if (end > place + size)
        place += keyed_hash(keys->entry, SPANS(span_str(user))) % (end - place - size) / 8 * 8;
    enum err e = journal_read(&shard->journal, place, length, &head, &payload);
    buf_free(&payload);
    return e == ERR_OK || e == ERR_DAMAGED ? ERR_NOT_FOUND : e;
}
