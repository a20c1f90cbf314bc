/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks without messages are gone from the chain, so what was acknowledged is never walked over. To a
 * place in the middle one walks from the nearer end. */
#include "store/gdbm/mailbox.h"

#include "store/gdbm/hex.h"

#include "base/banned.h"

enum err mailbox_get_chunk(const struct mailbox *m, uint64_t number, struct entry_chunk *chunk)
{
    enum err e = entry_get_chunk(m->index, m->number, number, chunk);
    if (e == ERR_NOT_FOUND || (!e && (chunk->number != number || chunk->live == 0)))
        return ERR_DAMAGED;
    return e;
}

/* Bits of the slots up to `after` in chunk `number`. */
static uint32_t slots_upto(uint64_t number, uint64_t after)
{
    uint64_t before = entry_sequence_at(number, 0) - 1;
    if (after <= before)
        return 0;
    if (after - before >= CHUNK_SLOTS)
        return (1u << CHUNK_SLOTS) - 1;
    return (1u << (after - before)) - 1;
}

static uint64_t count_bits(uint32_t bits)
{
    return (uint64_t)__builtin_popcount(bits);
}

static bool is_nearer_first(const struct mailbox *m, uint64_t chunk)
{
    return chunk <= m->entry.first || chunk - m->entry.first <= m->entry.last - chunk;
}

/* The chunk itself, or, where it is gone, the next one behind it; 0 for none. */
static enum err find_chunk(const struct mailbox *m, uint64_t wanted, uint64_t *found)
{
    struct entry_chunk chunk;
    *found = 0;
    if (wanted > m->entry.last || m->entry.last == 0)
        return ERR_OK;
    enum err e = entry_get_chunk(m->index, m->number, wanted, &chunk);
    if (e != ERR_NOT_FOUND) {
        *found = wanted;
        return e;
    }
    if (is_nearer_first(m, wanted)) {
        for (*found = m->entry.first; *found != 0 && *found < wanted; *found = chunk.next) {
            e = mailbox_get_chunk(m, *found, &chunk);
            if (e)
                return e;
        }
        return ERR_OK;
    }
    for (uint64_t at = m->entry.last; at > wanted; at = chunk.previous) {
        *found = at;
        e = mailbox_get_chunk(m, at, &chunk);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err mailbox_find_after(const struct mailbox *m, uint64_t after, struct entry_chunk *chunk,
                            uint64_t *sequence)
{
    uint64_t number;
    enum err e = find_chunk(m, entry_chunk_of(after + 1), &number);
    while (!e && number != 0) {
        e = mailbox_get_chunk(m, number, chunk);
        if (e)
            return e;
        uint32_t behind = chunk->live & ~slots_upto(number, after);
        if (behind != 0) {
            *sequence = entry_sequence_at(number, (unsigned)__builtin_ctz(behind));
            return ERR_OK;
        }
        number = chunk->next;
    }
    return e ? e : ERR_NOT_FOUND;
}

enum err mailbox_count_upto(const struct mailbox *m, uint64_t after, uint64_t *n)
{
    struct entry_chunk chunk;
    uint64_t middle = after == 0 ? 0 : entry_chunk_of(after);
    enum err e = ERR_OK;
    *n = 0;
    if (is_nearer_first(m, middle)) {
        for (uint64_t at = m->entry.first; !e && at != 0 && at <= middle; at = chunk.next) {
            e = mailbox_get_chunk(m, at, &chunk);
            *n += e ? 0 : count_bits(chunk.live & slots_upto(at, after));
        }
        return e;
    }
    uint64_t behind = 0;
    for (uint64_t at = m->entry.last; !e && at != 0 && at >= middle; at = chunk.previous) {
        e = mailbox_get_chunk(m, at, &chunk);
        behind += e ? 0 : count_bits(chunk.live & ~slots_upto(at, after));
    }
    if (!e && behind > m->entry.count)
        e = ERR_DAMAGED;
    *n = m->entry.count - behind;
    return e;
}

void mailbox_fill_item(struct store_item *item, const struct entry_slot *slot)
{
    hex_from_id(item->id, slot->id);
    entry_get_name(item->sender, slot->sender);
    item->time = entry_slot_time(slot);
    item->bytes = slot->bytes;
    item->is_signed = (slot->flags & SLOT_SIGNED) != 0;
}
