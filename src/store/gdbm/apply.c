/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each record means. Invariant: the index after a run of records is a function of those records
 * alone, so it can be thrown away and made again at any time. */
#include "store/gdbm/apply.h"

#include <string.h>

#include "store/gdbm/entry.h"
#include "store/gdbm/journal.h"
#include "store/store.h"

#include "base/banned.h"

#define DAY 86400

/* What a change to one mailbox works on. */
struct change {
    struct index *index;
    struct marker *marker;
    uint64_t number;
    uint64_t time;
    struct entry_mailbox mailbox;
};

enum err apply_split(struct apply_record *record, struct span payload)
{
    size_t fixed = 0;
    switch (record->head.type) {
    case RECORD_PUT:
        fixed = sizeof(struct record_put);
        break;
    case RECORD_ACK:
        fixed = sizeof(struct record_ack);
        break;
    case RECORD_REGISTER:
    case RECORD_PASSWORD:
        fixed = sizeof(struct record_account);
        break;
    case RECORD_DELETE:
        fixed = sizeof(struct record_delete);
        break;
    case RECORD_VOID:
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    if (payload.len < fixed)
        return ERR_DAMAGED;
    record->fixed = span_of(payload.data, fixed);
    record->rest = span_of(payload.data + fixed, payload.len - fixed);
    return ERR_OK;
}

bool apply_is_forgotten(const struct entry_id *id, uint64_t now)
{
    return id->state == ID_READ && now >= id->time + STORE_DUPLICATE_DAYS * (uint64_t)DAY;
}

/* Adds to a count that must not fall below zero. */
static enum err add(uint64_t *count, uint64_t plus, uint64_t minus)
{
    if (*count + plus < minus)
        return ERR_DAMAGED;
    *count = *count + plus - minus;
    return ERR_OK;
}

static enum err open_change(struct change *c, struct index *index, struct marker *marker,
                            const struct apply_record *record)
{
    *c = (struct change){.index = index, .marker = marker, .time = record->head.time};
    memcpy(&c->number, record->fixed.data, sizeof(c->number)); /* PUT and ACK begin with it */
    enum err e = entry_get_mailbox(index, c->number, &c->mailbox);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

static enum err close_change(const struct change *c)
{
    return entry_put_mailbox(c->index, c->number, &c->mailbox);
}

/* Changes a sender's share and the mailbox's bytes by the same. */
static enum err count_share(struct change *c, const char *sender, int messages, uint64_t plus,
                            uint64_t minus)
{
    struct entry_share share;
    enum err e = entry_get_share(c->index, c->number, sender, &share);
    if (!e)
        e = add(&share.count, messages > 0, messages < 0);
    if (!e)
        e = add(&share.bytes, plus, minus);
    if (!e)
        e = add(&c->mailbox.bytes, plus, minus);
    return e ? e : entry_put_share(c->index, &share);
}

/* Takes a chunk without messages out of the chain of those that have some. */
static enum err unlink_chunk(struct change *c, const struct entry_chunk *chunk)
{
    struct entry_chunk other;
    enum err e = ERR_OK;
    if (chunk->previous != 0) {
        e = entry_get_chunk(c->index, c->number, chunk->previous, &other);
        other.next = chunk->next;
        e = e ? e : entry_put_chunk(c->index, &other);
    } else {
        c->mailbox.first = chunk->next;
    }
    if (!e && chunk->next != 0) {
        e = entry_get_chunk(c->index, c->number, chunk->next, &other);
        other.previous = chunk->previous;
        e = e ? e : entry_put_chunk(c->index, &other);
    } else if (!e) {
        c->mailbox.last = chunk->previous;
    }
    if (!e)
        e = entry_remove_chunk(c->index, chunk);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

/* An id is remembered from its acceptance on; one that is older already goes with its message. */
static enum err mark_read(struct change *c, const struct entry_slot *slot)
{
    struct entry_id id;
    enum err e = entry_get_id(c->index, c->number, slot->id, &id);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    id.state = ID_READ;
    if (!apply_is_forgotten(&id, c->time))
        return entry_put_id(c->index, c->number, slot->id, &id);
    e = add(&c->mailbox.ids, 0, 1);
    if (!e)
        e = count_share(c, slot->sender, 0, 0, STORE_ID_BYTES);
    return e ? e : entry_remove_id(c->index, c->number, slot->id);
}

/* Removes a message; one that isn't there is no error: a damaged PUT may have been left out. */
static enum err remove_message(struct change *c, uint64_t sequence)
{
    struct entry_chunk chunk;
    unsigned i = entry_slot_of(sequence);
    enum err e = entry_get_chunk(c->index, c->number, entry_chunk_of(sequence), &chunk);
    if (e == ERR_NOT_FOUND || (!e && (chunk.live & 1u << i) == 0))
        return ERR_OK;
    if (e)
        return e;
    struct entry_slot slot = chunk.slots[i];
    chunk.live &= ~(1u << i);
    memset(&chunk.slots[i], 0, sizeof(chunk.slots[i]));
    e = chunk.live != 0 ? entry_put_chunk(c->index, &chunk) : unlink_chunk(c, &chunk);
    if (!e)
        e = count_share(c, slot.sender, -1, 0, slot.bytes);
    if (!e)
        e = add(&c->mailbox.count, 0, 1);
    if (!e)
        e = mark_read(c, &slot);
    c->mailbox.removals++;
    c->marker->live_records--;
    c->marker->live_bytes -= journal_record_size(sizeof(struct record_put) + slot.bytes);
    return e;
}

static enum err apply_ack(struct index *index, struct marker *marker,
                          const struct apply_record *record)
{
    struct change c;
    enum err e = open_change(&c, index, marker, record);
    for (size_t at = 0; !e && at + sizeof(uint64_t) <= record->rest.len; at += sizeof(uint64_t)) {
        uint64_t sequence;
        memcpy(&sequence, record->rest.data + at, sizeof(sequence));
        e = sequence == 0 ? ERR_DAMAGED : remove_message(&c, sequence);
    }
    return e ? e : close_change(&c);
}

/* The chunk that a new message goes to: the last one, or a new one behind it. */
static enum err open_chunk(struct change *c, uint64_t number, struct entry_chunk *chunk)
{
    if (c->mailbox.last == number && number != 0)
        return entry_get_chunk(c->index, c->number, number, chunk);
    if (number <= c->mailbox.last)
        return ERR_DAMAGED;
    *chunk =
        (struct entry_chunk){.mailbox = c->number, .number = number, .previous = c->mailbox.last};
    struct entry_chunk before;
    enum err e = ERR_OK;
    if (c->mailbox.last != 0) {
        e = entry_get_chunk(c->index, c->number, c->mailbox.last, &before);
        before.next = number;
        e = e ? e : entry_put_chunk(c->index, &before);
    } else {
        c->mailbox.first = number;
    }
    c->mailbox.last = number;
    return e;
}

static enum err put_slot(struct change *c, const struct apply_record *record,
                         const struct record_put *put)
{
    struct entry_chunk chunk;
    enum err e = open_chunk(c, entry_chunk_of(put->sequence), &chunk);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    unsigned i = entry_slot_of(put->sequence);
    struct entry_slot *slot = &chunk.slots[i];
    *slot = (struct entry_slot){.bytes = (uint32_t)record->rest.len,
                                .flags = record->head.flags & RECORD_SIGNED ? SLOT_SIGNED : 0};
    memcpy(slot->id, put->id, sizeof(slot->id));
    memcpy(slot->sender, put->sender, sizeof(slot->sender));
    entry_slot_set(slot, record->place, record->head.time);
    chunk.live |= 1u << i;
    return entry_put_chunk(c->index, &chunk);
}

/* An id that was forgotten is used again: what is left of its first use goes. */
static enum err forget_id(struct change *c, const uint8_t *message)
{
    struct entry_id old;
    enum err e = entry_get_id(c->index, c->number, message, &old);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (old.state == ID_WAITING) { /* only where a damaged ACK was left out */
        e = remove_message(c, old.sequence);
        if (!e)
            e = entry_get_id(c->index, c->number, message, &old);
        if (e)
            return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    e = add(&c->mailbox.ids, 0, 1);
    return e ? e : count_share(c, old.sender, 0, 0, STORE_ID_BYTES);
}

static enum err apply_put(struct index *index, struct marker *marker,
                          const struct apply_record *record)
{
    struct record_put put;
    struct change c;
    memcpy(&put, record->fixed.data, sizeof(put));
    enum err e = open_change(&c, index, marker, record);
    if (!e && put.sequence < c.mailbox.next_sequence)
        e = ERR_DAMAGED;
    if (!e)
        e = forget_id(&c, put.id);
    if (!e)
        e = put_slot(&c, record, &put);
    if (e)
        return e;
    struct entry_id id = {.sequence = put.sequence, .time = record->head.time, .state = ID_WAITING};
    memcpy(id.hash, put.hash, sizeof(id.hash));
    memcpy(id.sender, put.sender, sizeof(id.sender));
    e = entry_put_id(index, c.number, put.id, &id);
    if (!e)
        e = count_share(&c, put.sender, 1, record->rest.len + STORE_ID_BYTES, 0);
    c.mailbox.next_sequence = put.sequence + 1;
    c.mailbox.count++;
    c.mailbox.ids++;
    marker->live_records++;
    marker->live_bytes += record->size;
    return e ? e : close_change(&c);
}

static void raise_serial(struct marker *marker, uint64_t used)
{
    if (marker->serial <= used)
        marker->serial = used + 1;
}

/* REGISTER and PASSWORD: the account as it now is; REGISTER makes the mailbox too. */
static enum err apply_account(struct index *index, struct marker *marker,
                              const struct apply_record *record)
{
    struct record_account a;
    struct entry_account old;
    memcpy(&a, record->fixed.data, sizeof(a));
    enum err e = entry_get_account(index, a.name, &old);
    if (e == ERR_OK && record->head.type == RECORD_REGISTER)
        return ERR_DAMAGED;
    if (e == ERR_OK) {
        marker->live_records--;
        marker->live_bytes -= journal_record_size(old.length);
    } else if (e != ERR_NOT_FOUND || record->head.type != RECORD_REGISTER) {
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    }
    struct entry_account account = {.place = record->place,
                                    .length = record->fixed.len + record->rest.len,
                                    .version = a.version,
                                    .mailbox = a.mailbox,
                                    .state = a.state};
    memcpy(account.name, a.name, sizeof(account.name));
    e = entry_put_account(index, &account);
    if (!e && record->head.type == RECORD_REGISTER) {
        struct entry_mailbox mailbox = {.next_sequence = 1};
        memcpy(mailbox.name, a.name, sizeof(mailbox.name));
        e = entry_put_mailbox(index, a.mailbox, &mailbox);
    }
    raise_serial(marker, a.version);
    raise_serial(marker, a.mailbox);
    marker->live_records++;
    marker->live_bytes += record->size;
    return e;
}

/* The mailbox goes by its number: whatever bears that number is dead from here on, and a compaction
 * won't copy it, so nothing has to be walked. */
static enum err apply_delete(struct index *index, struct marker *marker,
                             const struct apply_record *record)
{
    struct record_delete d;
    struct entry_account account;
    struct entry_mailbox mailbox;
    memcpy(&d, record->fixed.data, sizeof(d));
    enum err e = entry_get_account(index, d.name, &account);
    if (!e)
        e = entry_get_mailbox(index, d.mailbox, &mailbox);
    if (!e)
        e = entry_remove_mailbox(index, d.mailbox);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    uint64_t bodies = mailbox.bytes - mailbox.ids * STORE_ID_BYTES;
    marker->live_records -= mailbox.count;
    marker->live_bytes -= bodies + mailbox.count * journal_record_size(sizeof(struct record_put));
    marker->live_bytes -= journal_record_size(account.length);
    marker->live_bytes += record->size;
    account.place = record->place;
    account.length = record->fixed.len;
    account.version = d.version;
    account.mailbox = 0;
    account.state = ACCOUNT_DELETED;
    raise_serial(marker, d.version);
    return entry_put_account(index, &account);
}

enum err apply_to_index(struct index *index, struct marker *marker,
                        const struct apply_record *record)
{
    marker->records++;
    if (marker->last_time < record->head.time)
        marker->last_time = record->head.time;
    switch (record->head.type) {
    case RECORD_PUT:
        return apply_put(index, marker, record);
    case RECORD_ACK:
        return apply_ack(index, marker, record);
    case RECORD_REGISTER:
    case RECORD_PASSWORD:
        return apply_account(index, marker, record);
    case RECORD_DELETE:
        return apply_delete(index, marker, record);
    default:
        return ERR_OK;
    }
}
