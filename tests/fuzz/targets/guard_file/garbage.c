/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes anywhere, and what the fuzzer would hardly make of them: slots and places whose times are near. */
#include "tests/fuzz/targets/guard_file/garbage.h"

#include "guard/table.h"
#include "tests/fuzz/targets/guard_file/scene.h"

/* Mostly one that may matter. */
static uint64_t a_time(struct span *in)
{
    uint8_t kind = fuzz_take_byte(in) % 8;
    uint64_t n = fuzz_take_number(in, UINT32_MAX);
    switch (kind) {
    case 0:
        return n << 32 | fuzz_take_number(in, UINT32_MAX);
    case 1:
        return UINT64_MAX - n;
    case 2:
    case 3:
        return scene_now_ms - n % (2 * 3600 * 1000);
    case 4:
        return scene_now_ms + n;
    default:
        return scene_now_ms + n % (2 * 3600 * 1000);
    }
}

static uint64_t a_source(struct span *in)
{
    unsigned n = fuzz_take_byte(in);
    return n < 240 ? scene_peers[n % PEERS].source : a_time(in);
}

static void spill_slots(struct span *in)
{
    uint32_t at = fuzz_take_number(in, GUARD_CONNECTIONS);
    uint32_t n = fuzz_take_number(in, GUARD_CONNECTIONS) + 1;
    uint32_t owner = fuzz_take_number(in, UINT32_MAX);
    uint64_t source = a_source(in), seen = a_time(in);
    for (uint32_t i = at; i < at + n && i < GUARD_CONNECTIONS; i++) {
        struct layout_slot *slot = &scene.file->slots[i];
        atomic_store(&slot->owner, owner);
        atomic_store(&slot->source, source);
        atomic_store(&slot->seen, seen);
    }
}

/* In the places that a source would have, one or more of them another's or twice its own. */
static void spill_places(struct span *in)
{
    uint64_t home = a_source(in);
    struct layout_source *place = table_claim(&scene, home, UINT64_MAX, scene_now_ms);
    if (place == NULL)
        return;
    struct layout_source *all = scene.file->sources[0];
    struct layout_source *places = all + (place - all) / LAYOUT_WAYS * LAYOUT_WAYS;
    uint8_t which = fuzz_take_byte(in);
    uint64_t source = fuzz_take_byte(in) % 2 ? home : a_source(in);
    uint64_t penalty = a_time(in), registered = a_time(in) * 1000;
    for (unsigned i = 0; i < LAYOUT_WAYS; i++)
        if (which >> i & 1) {
            atomic_store(&places[i].source, source + (fuzz_take_byte(in) % 4 == 1 ? i : 0));
            atomic_store(&places[i].penalty, penalty * 2 + fuzz_take_byte(in) % 2);
            atomic_store(&places[i].registered, registered);
        }
}

/* Whole tables: whoever comes finds no room. */
static void spill_tables(struct span *in)
{
    struct layout_source *all = scene.file->sources[0];
    uint64_t source = a_source(in), penalty = a_time(in), registered = a_time(in) * 1000;
    uint64_t step = fuzz_take_number(in, 3);
    for (size_t i = 0; i < (size_t)2 * LAYOUT_SOURCES; i++) {
        atomic_store(&all[i].source, source + i * step);
        atomic_store(&all[i].penalty, penalty);
        atomic_store(&all[i].registered, registered);
    }
}

void garbage_spill(struct span *in)
{
    struct guard_file *file = scene.file;
    uint8_t *bytes = (uint8_t *)file + sizeof(struct layout_header);
    const uint32_t size = sizeof(*file) - sizeof(struct layout_header);
    uint8_t kind = fuzz_take_byte(in) % 6;
    uint32_t at = kind < 2 ? fuzz_take_number(in, size) : 0;
    struct span some = kind == 0 ? fuzz_take_some(in) : SPAN("");
    switch (kind) {
    case 0:
        memcpy(bytes + at, some.data, some.len < size - at ? some.len : size - at);
        break;
    case 1:
        memset(bytes + at, fuzz_take_byte(in), fuzz_take_number(in, size - at + 1));
        break;
    case 2:
        spill_slots(in);
        break;
    case 3:
        spill_places(in);
        break;
    case 4:
        spill_tables(in);
        break;
    default:
        atomic_store(&file->top, a_time(in) >> (fuzz_take_byte(in) % 64));
        atomic_store(&file->registered, a_time(in) * 1000);
        atomic_store(&file->pressure.asked, a_time(in));
        atomic_store(&file->pressure.load, a_time(in));
    }
}
