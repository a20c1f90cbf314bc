/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two processes that give the same source a place at once may give it two: the first of them is found from then on,
 * and the other one passes. */
#include "guard/table.h"

#include "guard/brake.h"
#include "guard/penalty.h"

#include "base/banned.h"

static struct layout_source *places_of(const struct guard *guard, uint64_t source)
{
    uint8_t text[8];
    bytes_put_be64(text, source);
    struct span part = span_of(text, sizeof(text));
    uint64_t hash = keyed_hash(guard->file->header.key, &part, 1);
    struct layout_source *table = guard->file->sources[source_is_ipv4(source) ? 0 : 1];
    return table + hash % (LAYOUT_SOURCES / LAYOUT_WAYS) * LAYOUT_WAYS;
}

struct layout_source *table_find(const struct guard *guard, uint64_t source)
{
    struct layout_source *places = places_of(guard, source);
    for (unsigned i = 0; i < LAYOUT_WAYS; i++)
        if (atomic_load_explicit(&places[i].source, memory_order_acquire) == source)
            return &places[i];
    return NULL;
}

/* How long there is still something to remember, ms. */
static uint64_t lasts(const struct guard *guard, const struct layout_source *place, uint64_t now_ms)
{
    uint64_t penalty = penalty_left(&place->penalty, guard->limits, now_ms);
    uint64_t registered = brake_left(&place->registered, now_ms);
    return penalty > registered ? penalty : registered;
}

struct layout_source *table_claim(const struct guard *guard, uint64_t source, uint64_t lasts_ms,
                                  uint64_t now_ms)
{
    struct layout_source *places = table_find(guard, source), *least = NULL;
    uint64_t least_ms = lasts_ms;
    if (places)
        return places;
    places = places_of(guard, source);
    for (unsigned i = 0; i < LAYOUT_WAYS; i++) {
        uint64_t ms = lasts(guard, &places[i], now_ms);
        if (ms < least_ms) {
            least = &places[i];
            least_ms = ms;
        }
    }
    if (!least)
        return NULL;
    /* Forgotten before it changes hands, so that nobody is held to what another did. */
    uint64_t before = atomic_load(&least->source);
    atomic_store(&least->penalty, 0);
    atomic_store(&least->registered, 0);
    return atomic_compare_exchange_strong(&least->source, &before, source) ? least : NULL;
}

bool table_is_placed(const struct guard *guard, const struct layout_source *place)
{
    uint64_t source = atomic_load(&place->source);
    return source != SOURCE_LOCAL && table_find(guard, source) == place;
}
