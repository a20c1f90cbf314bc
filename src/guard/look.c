/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For whoever looks: everything is copied word by word while others go on, so no two words need agree. */
#include <stdlib.h>
#include <string.h>

#include "guard/crowd.h"
#include "guard/penalty.h"
#include "guard/table.h"

#include "base/banned.h"

#define SIGHTS_MAX (GUARD_CONNECTIONS + 2 * LAYOUT_SOURCES)

static void copy(uint64_t *to, const layout_word *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

static void copy_times(struct guard_times *to, const struct layout_times *from)
{
    copy(&to->n, &from->n, 1);
    copy(&to->sum_us, &from->sum_us, 1);
    copy(to->buckets, from->buckets, GUARD_BUCKETS);
}

static enum err count_sight(void *context, const struct guard_sight *sight)
{
    struct guard_totals *totals = context;
    totals->connected += sight->connections;
    totals->connected_sources += sight->connections > 0 && sight->source != SOURCE_LOCAL;
    totals->penalised += sight->is_refused;
    return ERR_OK;
}

enum err guard_total(const struct guard *guard, uint64_t now_ms, struct guard_totals *totals)
{
    const struct layout_counts *counts = &guard->file->counts;
    memset(totals, 0, sizeof(*totals));
    totals->since = guard->file->header.since;
    totals->is_shared = guard->is_shared;
    copy(totals->counters, counts->counters, GUARD_COUNTERS);
    copy(totals->answers, counts->answers, GUARD_CODES);
    copy(totals->penalties, counts->penalties, GUARD_OFFENCES);
    for (unsigned i = 0; i < GUARD_VERBS; i++)
        copy_times(&totals->commands[i], &counts->commands[i]);
    copy_times(&totals->connections, &counts->connections);
    return guard_visit(guard, now_ms, count_sight, totals);
}

struct sights {
    struct guard_sight *all;
    size_t n;
};

static void add_connections(const struct guard *guard, uint64_t now_ms, struct sights *sights)
{
    unsigned top = crowd_top(guard);
    uint64_t source;
    for (unsigned i = 0; i < top; i++)
        if (crowd_has(&guard->file->slots[i], now_ms, &source))
            sights->all[sights->n++] = (struct guard_sight){.source = source, .connections = 1};
}

static void add_penalties(const struct guard *guard, uint64_t now_ms, struct sights *sights)
{
    struct layout_source *places = guard->file->sources[0];
    for (size_t i = 0; i < (size_t)2 * LAYOUT_SOURCES; i++) {
        struct guard_sight sight = {.source = atomic_load(&places[i].source)};
        sight.is_refused = penalty_refuses(guard, &places[i], now_ms, &sight.penalty_ms);
        if (sight.penalty_ms == 0 || !table_is_placed(guard, &places[i]))
            continue;
        for (unsigned k = 0; k < GUARD_OFFENCES; k++)
            sight.given[k] = atomic_load(&places[i].given[k]);
        sights->all[sights->n++] = sight;
    }
}

static int compare(const void *a, const void *b)
{
    const struct guard_sight *first = a, *second = b;
    return (first->source > second->source) - (first->source < second->source);
}

/* Connections of a source first, its penalties last: one sight of them. */
static enum err tell(const struct sights *sights, guard_visitor *see, void *context)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < sights->n && !e;) {
        struct guard_sight whole = sights->all[i];
        for (i++; i < sights->n && sights->all[i].source == whole.source; i++) {
            const struct guard_sight *more = &sights->all[i];
            uint64_t connections = whole.connections + more->connections;
            if (more->penalty_ms > 0)
                whole = *more;
            whole.connections = connections;
        }
        e = see(context, &whole);
    }
    return e;
}

enum err guard_visit(const struct guard *guard, uint64_t now_ms, guard_visitor *see, void *context)
{
    struct sights sights = {.all = calloc(SIGHTS_MAX, sizeof(struct guard_sight))};
    if (!sights.all)
        return ERR_NO_MEMORY;
    add_connections(guard, now_ms, &sights);
    add_penalties(guard, now_ms, &sights);
    qsort(sights.all, sights.n, sizeof(*sights.all), compare);
    enum err e = tell(&sights, see, context);
    free(sights.all);
    return e;
}
