/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sights are in order and in their bounds, and add up to the totals. */
#include "tests/fuzz/targets/guard_file/view.h"

#include "guard/crowd.h"
#include "guard/penalty.h"
#include "guard/table.h"

#define SLOW 6 /* sights that are looked at from the other side too */

struct view_source view_source(const struct guard *guard, uint64_t source)
{
    struct view_source view = {0};
    const struct layout_source *place = source == SOURCE_LOCAL ? NULL : table_find(guard, source);
    for (unsigned i = 0; i < crowd_top(guard); i++) {
        uint64_t whose;
        const struct layout_slot *slot = &guard->file->slots[i];
        if (!crowd_has(slot, scene_now_ms, &whose))
            continue;
        bool is_new = atomic_load(&slot->is_new) != 0;
        bool is_near = whose == source || (!source_is_ipv4(whose) && !source_is_ipv4(source) &&
                                           whose >> 16 == source >> 16);
        view.connected++;
        view.connections += whose == source;
        view.before_login += whose == source && is_new;
        view.network += is_near;
        view.network_before_login += is_near && is_new;
    }
    if (place != NULL)
        view.is_refused = penalty_refuses(guard, place, scene_now_ms, &view.penalty_ms);
    for (unsigned i = 0; i < GUARD_OFFENCES && view.penalty_ms > 0; i++)
        view.given[i] = atomic_load(&place->given[i]);
    return view;
}

static void check_text(uint64_t source)
{
    char text[SOURCE_TEXT_SIZE];
    uint64_t again;
    source_text(source, text);
    FUZZ_HOLDS(fuzz_is_printable(span_str(text)));
    if (source != SOURCE_LOCAL) {
        FUZZ_OK(source_parse(text, &again));
        FUZZ_HOLDS(again == source);
    }
}

static void check_again(const struct guard *guard, const struct guard_sight *sight)
{
    struct view_source one = view_source(guard, sight->source);
    FUZZ_HOLDS(sight->connections == one.connections && sight->penalty_ms == one.penalty_ms &&
               sight->is_refused == one.is_refused);
    FUZZ_HOLDS(memcmp(sight->given, one.given, sizeof(one.given)) == 0);
}

static enum err see(void *context, const struct guard_sight *sight)
{
    struct view *view = context;
    FUZZ_HOLDS(view->seen == 0 || sight->source > view->last);
    FUZZ_HOLDS(sight->connections > 0 || sight->penalty_ms > 0);
    FUZZ_HOLDS(sight->penalty_ms > 0 || !sight->is_refused);
    FUZZ_HOLDS(sight->penalty_ms <= view->guard->limits->penalty_max * 1000 + VIEW_SLACK_MS);
    FUZZ_HOLDS(sight->penalty_ms == 0 || sight->source != SOURCE_LOCAL);
    check_text(sight->source);
    view->connected += sight->connections;
    view->sources += sight->connections > 0 && sight->source != SOURCE_LOCAL;
    view->penalised += sight->is_refused;
    view->penalties += sight->penalty_ms > 0;
    view->last = sight->source;
    if (view->seen < SLOW)
        check_again(view->guard, sight);
    return ++view->seen == view->stop_at ? ERR_BUSY : ERR_OK;
}

struct view view_look(const struct guard *guard)
{
    struct view view = {.guard = guard};
    FUZZ_OK(guard_visit(guard, scene_now_ms, see, &view));
    FUZZ_HOLDS(view.connected <= GUARD_CONNECTIONS);
    return view;
}

struct guard_totals view_total(void)
{
    struct guard_totals totals;
    FUZZ_OK(guard_total(&scene, scene_now_ms, &totals));
    return totals;
}

/* Whoever looks by other scene_limits sees the same connections, and no fewer penalties. */
void view_check(struct span *in)
{
    struct view ours = view_look(&scene), theirs = view_look(&scene_operator);
    struct guard_totals totals = view_total();
    FUZZ_HOLDS(totals.connected == ours.connected && totals.connected_sources == ours.sources);
    FUZZ_HOLDS(totals.penalised == ours.penalised && totals.is_shared);
    FUZZ_HOLDS(theirs.connected == ours.connected && theirs.penalties >= ours.penalties);
    struct view some = {.guard = &scene, .stop_at = fuzz_take_byte(in) + 1u};
    enum err e = guard_visit(&scene, scene_now_ms, see, &some);
    FUZZ_HOLDS(e == (some.stop_at <= ours.seen ? ERR_BUSY : ERR_OK));
    FUZZ_HOLDS(some.seen == (e ? some.stop_at : ours.seen));
}
