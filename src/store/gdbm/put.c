/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message comes in: known already? room for it? then one record. */
#include <string.h>

#include "crypto/hash.h"
#include "store/gdbm/age.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/hex.h"
#include "store/gdbm/login.h"
#include "store/gdbm/memory.h"

#include "base/banned.h"

struct work {
    const struct store_put *put;
    struct store_share *share;
    struct record_put record;
};

static enum err check_duplicate(struct shard *shard, const struct record_put *record)
{
    struct memory known;
    enum err e = memory_find(shard->index, record->mailbox, record->id, &known);
    if (e == ERR_NOT_FOUND || (!e && memory_is_over(&known, age_now(&shard->marker))))
        return ERR_OK;
    if (e)
        return e;
    bool is_same = memcmp(known.hash, record->hash, sizeof(known.hash)) == 0 &&
                   known.sender == entry_sender(shard->index, record->mailbox, record->sender);
    return is_same ? ERR_DUPLICATE : ERR_EXISTS;
}

/* n percent without overflow, for any n; at least 1: a share in which nothing fits helps nobody. */
static uint64_t percent_of(uint64_t n, uint64_t percent)
{
    uint64_t part = n / 100 * percent + n % 100 * percent / 100;
    return part > 0 ? part : 1;
}

/* Whether the mailbox's first message, the oldest, has waited longer than it may. */
static enum err find_expired(struct shard *shard, const struct mailbox *m, bool *is_found)
{
    uint64_t days = shard->store->quota.retention_days;
    struct entry_chunk chunk;
    struct entry_id id;
    uint64_t first;
    *is_found = false;
    if (days == 0)
        return ERR_OK;
    enum err e = mailbox_find_after(m, 0, &chunk, &first);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = entry_get_id(m->index, m->number, chunk.slots[entry_slot_of(first)].id, &id);
    *is_found = !e && age_is_over(id.age, days, age_now(&shard->marker));
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

/* Where a mailbox is full, and has messages that have waited longer than they may or ids that needn't be
 * remembered any more, this session's end makes room (store_maintain). The sender is refused all the same:
 * such things go in a compaction alone. */
static enum err note_crowded(struct shard *shard, uint64_t number,
                             const struct entry_mailbox *entry)
{
    const struct mailbox m = {.index = shard->index, .number = number, .entry = *entry};
    bool is_found;
    enum err e = find_expired(shard, &m, &is_found);
    is_found |= entry->read_age != 0 &&
                age_is_over(entry->read_age, STORE_DUPLICATE_DAYS, age_now(&shard->marker));
    if (!e && is_found)
        shard->crowded = shard->marker.generation;
    return e;
}

static enum err check_quota(struct shard *shard, const struct entry_mailbox *mailbox,
                            struct work *work)
{
    const struct store_quota *quota = &shard->store->quota;
    uint64_t bytes = work->put->body.len + STORE_ID_BYTES;
    uint64_t most = percent_of(quota->messages, quota->per_sender_percent);
    uint64_t most_bytes = percent_of(quota->bytes, quota->per_sender_percent);
    struct entry_share share;
    enum err e = entry_get_share(shard->index, work->record.mailbox, work->record.sender, &share);
    if (e)
        return e;
    bool is_full = mailbox->count >= quota->messages || share.count >= most;
    bool is_full_in_bytes =
        mailbox->bytes + bytes > quota->bytes || share.bytes + bytes > most_bytes;
    if (!is_full && !is_full_in_bytes)
        return ERR_OK;
    e = note_crowded(shard, work->record.mailbox, mailbox);
    if (e)
        return e;
    *work->share =
        is_full ? (struct store_share){.limit = most, .used = share.count}
                : (struct store_share){.in_bytes = true, .limit = most_bytes, .used = share.bytes};
    return ERR_FULL;
}

static enum err put_locked(struct shard *shard, void *context)
{
    struct work *work = context;
    const struct store_put *put = work->put;
    struct entry_account account;
    struct entry_mailbox mailbox;
    enum err e = login_find(shard, put->recipient, &account);
    if (e)
        return e;
    e = entry_get_mailbox(shard->index, account.mailbox, &mailbox);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    work->record.mailbox = account.mailbox;
    work->record.sequence = mailbox.next_sequence;
    e = check_duplicate(shard, &work->record);
    if (!e)
        e = check_quota(shard, &mailbox, work);
    if (!e)
        e = commit_check_reserve(shard, COMMIT_MESSAGE);
    if (e)
        return e;
    const struct journal_append record = {.type = RECORD_PUT,
                                          .flags = put->is_signed ? RECORD_SIGNED : 0,
                                          .fixed = span_of(&work->record, sizeof(work->record)),
                                          .rest = put->body};
    return commit_record(shard, &record);
}

enum err put_message(struct store *store, const struct store_put *put, struct store_share *share)
{
    struct work work = {.put = put, .share = share};
    *share = (struct store_share){0};
    if (!field_is_user(span_str(put->recipient)))
        return ERR_NOT_FOUND;
    if (!field_is_user(span_str(put->sender)) || !field_is_id(span_str(put->id)))
        return ERR_MALFORMED;
    if (put->body.len > UINT32_MAX / 2)
        return ERR_TOO_LARGE;
    hex_to_id(work.record.id, put->id);
    entry_set_name(work.record.sender, put->sender);
    hash_sha256(work.record.hash, &put->body, 1);
    return shard_run(store, put->recipient, false, put_locked, &work);
}
