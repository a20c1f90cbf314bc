/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What records do to one mailbox: its chain of chunks, its ids, its senders' shares, and the counts of all
 * three, which are changed together or not at all. */
#include "store/gdbm/message.h"

#include <string.h>

#include "store/gdbm/age.h"
#include "store/gdbm/journal.h"
#include "store/gdbm/memory.h"
#include "store/store.h"

#include "base/banned.h"

/* What a change to one mailbox works on. */
struct change {
    struct index *index;
    struct marker *marker;
    uint64_t number;
    uint64_t age;
    struct entry_mailbox mailbox;
};

/* Counts one record more, or one less, that a compaction would copy. */
static void count_living(struct change *c, int records, uint64_t size)
{
    uint64_t bytes = records > 0 ? size : -size;
    c->marker->live_records += (uint64_t)(int64_t)records;
    c->marker->live_bytes += bytes;
    c->mailbox.live_bytes += bytes;
}

/* What stays of a message that is gone: its id, an item of a MEMORY record once the log is compacted. */
static void count_remembered(struct change *c, int records)
{
    count_living(c, records, MEMORY_LIVE);
    c->marker->memories += (uint64_t)(int64_t)records;
}

static void remember(struct change *c, uint64_t age)
{
    count_remembered(c, 1);
    if (c->mailbox.read_age == 0 || c->mailbox.read_age > age)
        c->mailbox.read_age = age;
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
    *c = (struct change){.index = index, .marker = marker, .age = record->head.age};
    memcpy(&c->number, record->fixed.data, sizeof(c->number)); /* PUT and ACK begin with it */
    enum err e = entry_get_mailbox(index, c->number, &c->mailbox);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

static enum err close_change(const struct change *c)
{
    return entry_put_mailbox(c->index, c->number, &c->mailbox);
}

/* Changes a sender's share and the mailbox's bytes by the same. */
static enum err change_share(struct change *c, struct entry_share *share, int messages,
                             uint64_t plus, uint64_t minus)
{
    enum err e = add(&share->count, messages > 0, messages < 0);
    if (!e)
        e = add(&share->bytes, plus, minus);
    if (!e)
        e = add(&c->mailbox.bytes, plus, minus);
    return e ? e : entry_put_share(c->index, share);
}

static enum err count_share(struct change *c, const char *sender, int messages, uint64_t plus,
                            uint64_t minus)
{
    struct entry_share share;
    enum err e = entry_get_share(c->index, c->number, sender, &share);
    return e ? e : change_share(c, &share, messages, plus, minus);
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
    if (!age_is_over(id.age, STORE_DUPLICATE_DAYS, c->age)) {
        remember(c, id.age);
        return entry_put_id(c->index, c->number, slot->id, &id);
    }
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
    c->marker->waiting--;
    c->marker->waiting_bytes -= slot.bytes;
    count_living(c, -1, journal_record_size(sizeof(struct record_put) + slot.bytes));
    return e;
}

enum err message_remove(struct index *index, struct marker *marker,
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
    struct memory old;
    struct entry_share share;
    enum err e = memory_find(c->index, c->number, message, &old);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (old.is_waiting) { /* only where a damaged ACK was left out */
        e = remove_message(c, old.sequence);
        if (!e)
            e = memory_find(c->index, c->number, message, &old);
        if (e)
            return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    count_remembered(c, -1);
    e = add(&c->mailbox.ids, 0, 1);
    if (!e)
        e = memory_remove(c->index, c->number, message, &old);
    if (!e)
        e = entry_get_share_of(c->index, c->number, old.sender, &share);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    return change_share(c, &share, 0, 0, STORE_ID_BYTES);
}

enum err message_put(struct index *index, struct marker *marker, const struct apply_record *record)
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
    struct entry_id id = {.sequence = put.sequence, .age = record->head.age, .state = ID_WAITING};
    memcpy(id.hash, put.hash, sizeof(id.hash));
    memcpy(id.sender, put.sender, sizeof(id.sender));
    e = entry_put_id(index, c.number, put.id, &id);
    if (!e)
        e = count_share(&c, put.sender, 1, record->rest.len + STORE_ID_BYTES, 0);
    c.mailbox.next_sequence = put.sequence + 1;
    c.mailbox.count++;
    c.mailbox.ids++;
    marker->waiting++;
    marker->waiting_bytes += record->rest.len;
    count_living(&c, 1, record->size);
    return e ? e : close_change(&c);
}

static enum err carry(struct change *c, const char *sender, const struct memory_item *item)
{
    struct entry_memory memory = {.age = item->age,
                                  .sender = entry_sender(c->index, c->number, sender)};
    enum err e = forget_id(c, item->id);
    if (e)
        return e;
    memcpy(memory.hash, item->hash, sizeof(memory.hash));
    e = entry_put_memory(c->index, c->number, item->id, &memory);
    if (!e)
        e = count_share(c, sender, 0, STORE_ID_BYTES, 0);
    c->mailbox.ids++;
    remember(c, item->age);
    return e;
}

enum err message_carry(struct index *index, struct marker *marker,
                       const struct apply_record *record)
{
    struct record_memory memory;
    struct memory_item item;
    struct change c;
    memcpy(&memory, record->fixed.data, sizeof(memory));
    enum err e = open_change(&c, index, marker, record);
    for (size_t at = 0; !e && at + sizeof(item) <= record->rest.len; at += sizeof(item)) {
        memcpy(&item, record->rest.data + at, sizeof(item));
        e = carry(&c, memory.sender, &item);
    }
    return e ? e : close_change(&c);
}

enum err message_remember(struct index *index, struct marker *marker,
                          const struct apply_record *record)
{
    struct record_put put;
    struct change c;
    memcpy(&put, record->fixed.data, sizeof(put));
    enum err e = open_change(&c, index, marker, record);
    if (e)
        return e;
    struct memory_item item = {.age = record->head.age};
    memcpy(item.id, put.id, sizeof(item.id));
    memcpy(item.hash, put.hash, sizeof(item.hash));
    e = carry(&c, put.sender, &item);
    return e ? e : close_change(&c);
}

enum err message_set_counters(struct index *index, struct marker *marker,
                              const struct apply_record *record)
{
    struct record_mailbox counters;
    struct change c;
    memcpy(&counters, record->fixed.data, sizeof(counters));
    enum err e = open_change(&c, index, marker, record);
    if (!e && counters.next_sequence < c.mailbox.next_sequence)
        e = ERR_DAMAGED;
    c.mailbox.next_sequence = counters.next_sequence;
    c.mailbox.removals = counters.removals;
    return e ? e : close_change(&c);
}
