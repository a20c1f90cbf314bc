/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages go out: given in order, removed by their ids. A place in the log is taken under the lock and
 * read outside it: the log behind its end is all that ever changes. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/hex.h"
#include "store/gdbm/login.h"

#include "base/banned.h"

/* What the actions below work on; each uses its part. */
struct work {
    const struct store_login *login;
    struct store_cursor cursor;
    uint64_t unread;
    uint64_t ungiven;
    uint64_t sequence; /* of the message found */
    struct entry_slot slot;
    struct store_item *items;
    size_t max;
    size_t n;
    const char *ids;
    uint64_t *sequences; /* room for n */
};

/* Counts anew what the cursor was given of what is still there. */
static enum err recount(struct work *work, const struct mailbox *m)
{
    enum err e = mailbox_count_upto(m, work->cursor.after, &work->cursor.given);
    work->cursor.removals = m->entry.removals;
    work->ungiven = m->entry.count - work->cursor.given;
    return !e && work->cursor.given > m->entry.count ? ERR_DAMAGED : e;
}

/* `given` is right, unless something was removed since, or lost. */
static enum err open_counted(struct shard *shard, struct work *work, struct mailbox *m)
{
    enum err e = login_open_mailbox(shard, work->login, m);
    if (e)
        return e;
    work->unread = m->entry.count;
    work->ungiven = m->entry.count - work->cursor.given;
    bool is_right =
        work->cursor.removals == m->entry.removals && work->cursor.given <= m->entry.count;
    return is_right ? ERR_OK : recount(work, m);
}

static enum err count(struct shard *shard, void *context)
{
    struct mailbox m = {0};
    return open_counted(shard, context, &m);
}

enum err take_count(struct store *store, const struct store_login *login,
                    struct store_cursor *cursor, uint64_t *unread, uint64_t *ungiven)
{
    struct work work = {.login = login};
    if (cursor != NULL)
        work.cursor = *cursor;
    enum err e = shard_run(store, login->user, false, count, &work);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    if (cursor != NULL)
        *cursor = work.cursor;
    *unread = work.unread;
    *ungiven = work.ungiven;
    return ERR_OK;
}

static enum err find_next(struct shard *shard, void *context)
{
    struct work *work = context;
    struct mailbox m = {0};
    struct entry_chunk chunk;
    work->sequence = 0;
    enum err e = open_counted(shard, work, &m);
    if (e)
        return e;
    e = mailbox_find_after(&m, work->cursor.after, &chunk, &work->sequence);
    if (e && e != ERR_NOT_FOUND)
        return e;
    bool is_found = !e;
    if (is_found != (work->ungiven > 0)) { /* a message that was given may since have been lost */
        e = recount(work, &m);
        if (e || is_found != (work->ungiven > 0))
            return ERR_DAMAGED;
    }
    if (is_found)
        work->slot = chunk.slots[entry_slot_of(work->sequence)];
    return ERR_OK;
}

/* The body, once the record is whole and is the one that the slot speaks of. */
static enum err read_body(const struct shard *shard, const struct entry_slot *slot,
                          struct buf *body)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    struct record_put put;
    enum err e = journal_read(&shard->journal, entry_slot_place(slot), sizeof(put) + slot->bytes,
                              &head, &payload);
    if (!e) {
        memcpy(&put, payload.data, sizeof(put));
        if (head.type != RECORD_PUT || memcmp(put.id, slot->id, sizeof(put.id)) != 0)
            e = ERR_DAMAGED;
    }
    if (!e)
        e = buf_append(body, payload.data + sizeof(put), slot->bytes);
    buf_free(&payload);
    return e;
}

static enum err doubt(struct shard *shard, void *context)
{
    struct work *work = context;
    if (work->n++ == 0)
        return ERR_DAMAGED; /* shard_run builds the index again, and calls once more */
    return find_next(shard, context);
}

/* An entry without a valid record: is it the index, or the log? A new index tells. */
static enum err read_again(struct store *store, struct work *work, struct buf *body)
{
    struct entry_slot slot = work->slot;
    log_event(LOG_LEVEL_ERROR, "message_unreadable", "shard=%u place=%llu",
              shard_last(store, work->login->user)->number,
              (unsigned long long)entry_slot_place(&slot));
    enum err e = shard_run(store, work->login->user, false, doubt, work);
    if (e)
        return e;
    if (work->sequence == 0 || memcmp(slot.id, work->slot.id, sizeof(slot.id)) != 0)
        return ERR_DAMAGED; /* the message is lost; the next call gives what comes after it */
    return read_body(shard_last(store, work->login->user), &work->slot, body);
}

enum err take_next(struct store *store, const struct store_login *login,
                   struct store_cursor *cursor, struct store_item *item, struct buf *body)
{
    struct work work = {.login = login, .cursor = *cursor};
    enum err e = shard_run(store, login->user, false, find_next, &work);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    if (work.sequence != 0) {
        e = read_body(shard_last(store, login->user), &work.slot, body);
        if (e == ERR_DAMAGED)
            e = read_again(store, &work, body);
        if (e)
            return e;
    }
    *cursor = work.cursor;
    if (work.sequence == 0)
        return ERR_NOT_FOUND;
    cursor->after = work.sequence;
    cursor->given++;
    mailbox_fill_item(item, &work.slot);
    item->left = work.ungiven - 1;
    return ERR_OK;
}

static enum err list(struct shard *shard, void *context)
{
    struct work *work = context;
    struct mailbox m = {0};
    struct entry_chunk chunk;
    work->n = 0;
    enum err e = login_open_mailbox(shard, work->login, &m);
    work->unread = m.entry.count;
    for (uint64_t at = m.entry.first; !e && at != 0 && work->n < work->max; at = chunk.next) {
        e = mailbox_get_chunk(&m, at, &chunk);
        for (unsigned i = 0; !e && i < CHUNK_SLOTS && work->n < work->max; i++) {
            if ((chunk.live & 1u << i) != 0)
                mailbox_fill_item(&work->items[work->n++], &chunk.slots[i]);
        }
    }
    return e;
}

enum err take_list(struct store *store, const struct store_login *login,
                   struct store_listing *listing)
{
    struct work work = {.login = login, .items = listing->items, .max = listing->max};
    enum err e = shard_run(store, login->user, false, list, &work);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    listing->n = work.n;
    listing->unread = work.unread;
    return ERR_OK;
}

/* The sequence of a waiting message, 0 for one that isn't there (any more). */
static enum err find_sequence(const struct mailbox *m, const char *text, uint64_t *sequence)
{
    uint8_t message[LAYOUT_ID_LEN];
    struct entry_id id;
    struct entry_chunk chunk;
    *sequence = 0;
    hex_to_id(message, text);
    enum err e = entry_get_id(m->index, m->number, message, &id);
    if (e == ERR_NOT_FOUND || (!e && id.state != ID_WAITING))
        return ERR_OK;
    if (!e)
        e = mailbox_get_chunk(m, entry_chunk_of(id.sequence), &chunk);
    if (e)
        return e;
    unsigned slot = entry_slot_of(id.sequence);
    if ((chunk.live & 1u << slot) == 0 ||
        memcmp(chunk.slots[slot].id, message, sizeof(message)) != 0)
        return ERR_DAMAGED;
    *sequence = id.sequence;
    return ERR_OK;
}

static enum err remove_locked(struct shard *shard, void *context)
{
    struct work *work = context;
    struct mailbox m = {0};
    size_t found = 0;
    enum err e = login_open_mailbox(shard, work->login, &m);
    for (size_t i = 0; !e && i < work->n; i++) {
        e = find_sequence(&m, work->ids + i * FIELD_ID_LEN, &work->sequences[found]);
        if (!e && work->sequences[found] != 0)
            found++;
    }
    work->unread = m.entry.count;
    if (e || found == 0)
        return e;
    const struct record_ack ack = {.mailbox = m.number};
    const struct journal_append record = {.type = RECORD_ACK,
                                          .is_leaving = true,
                                          .fixed = span_of(&ack, sizeof(ack)),
                                          .rest =
                                              span_of(work->sequences, found * sizeof(uint64_t))};
    e = commit_record(shard, &record);
    if (!e)
        e = entry_get_mailbox(m.index, m.number, &m.entry);
    work->unread = m.entry.count;
    return e;
}

enum err take_ack(struct store *store, const struct store_login *login, const char *ids, size_t n,
                  uint64_t *unread)
{
    struct work work = {.login = login, .ids = ids, .n = n};
    if (n > STORE_ACK_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < n; i++) {
        if (!field_is_id(span_of(ids + i * FIELD_ID_LEN, FIELD_ID_LEN)))
            return ERR_MALFORMED;
    }
    work.sequences = calloc(n + 1, sizeof(*work.sequences));
    if (work.sequences == NULL)
        return ERR_NO_MEMORY;
    enum err e = shard_run(store, login->user, false, remove_locked, &work);
    free(work.sequences);
    *unread = work.unread;
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}
