/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asserted is what was to be seen before, what is to be seen behind it, and what was answered. */
#include "tests/fuzz/targets/guard_file/use.h"

#include "guard/crowd.h"
#include "tests/fuzz/targets/guard_file/view.h"

#define HOUR_S 3600

static uint64_t counted(enum guard_counter counter)
{
    return atomic_load(&scene.file->counts.counters[counter]);
}

static uint64_t penalties_of(enum guard_offence offence)
{
    return atomic_load(&scene.file->counts.penalties[offence]);
}

static bool is_spared(const struct guard *guard)
{
    return guard->source == SOURCE_LOCAL || guard->is_exempt;
}

/* Slots that nobody can take, also those that `top` leaves out. */
static unsigned count_held(void)
{
    unsigned n = 0;
    uint64_t source;
    for (unsigned i = 0; i < GUARD_CONNECTIONS; i++)
        n += crowd_has(&scene.file->slots[i], scene_now_ms, &source);
    return n;
}

/* Whether there are no more of a source and of its network than the limits let in. */
static bool is_within(const struct guard *guard, const struct view_source *view)
{
    const uint64_t most = scene_limits.connections_per_source;
    const uint64_t before_login =
        guard->is_exempt ? GUARD_CONNECTIONS : scene_limits.before_login_per_source;
    return view->connections <= most && view->before_login <= before_login &&
           (guard->is_exempt ||
            (view->network <= most * GUARD_NETWORK_SOURCES &&
             view->network_before_login <= before_login * GUARD_NETWORK_SOURCES));
}

static void check_refusal(const struct guard *guard, enum guard_verdict verdict, uint64_t retry_s)
{
    struct view_source after = view_source(guard, guard->source);
    FUZZ_HOLDS(guard->slot == GUARD_CONNECTIONS);
    FUZZ_HOLDS(retry_s >= 1 && retry_s <= scene_limits.penalty_max + 15);
    if (verdict == GUARD_FULL)
        FUZZ_HOLDS(after.connected >= scene_limits.connections ||
                   count_held() == GUARD_CONNECTIONS);
    if (verdict == GUARD_CROWDED) {
        struct view_source with = after;
        with.connections++, with.before_login++, with.network++, with.network_before_login++;
        FUZZ_HOLDS(guard->source != SOURCE_LOCAL && !is_within(guard, &with));
    }
    if (verdict == GUARD_PENALISED)
        FUZZ_HOLDS(after.is_refused && retry_s <= scene_limits.penalty_max + 1 &&
                   retry_s * 1000 >= after.penalty_ms);
}

enum guard_verdict use_enter(struct guard *guard, const struct source_peer *peer)
{
    static const enum guard_counter counters[] = {[GUARD_ADMITTED] = GUARD_STARTED,
                                                  [GUARD_FULL] = GUARD_REFUSED_FULL,
                                                  [GUARD_CROWDED] = GUARD_REFUSED_SOURCE,
                                                  [GUARD_PENALISED] = GUARD_REFUSED_PENALTY};
    uint64_t retry_s = 0, counts[GUARD_COUNTERS];
    guard_leave(guard);
    struct view_source before = view_source(guard, peer->source);
    for (unsigned i = 0; i < GUARD_COUNTERS; i++)
        counts[i] = counted(i);
    enum guard_verdict verdict = guard_enter(guard, peer, scene_now_ms, &retry_s);
    FUZZ_HOLDS(counted(counters[verdict]) == counts[counters[verdict]] + 1);
    FUZZ_HOLDS((verdict == GUARD_PENALISED) == (before.is_refused && !is_spared(guard)));
    FUZZ_HOLDS(verdict != GUARD_ADMITTED || before.connected < scene_limits.connections);
    if (verdict != GUARD_ADMITTED) {
        check_refusal(guard, verdict, retry_s);
        return verdict;
    }
    struct view_source after = view_source(guard, peer->source);
    FUZZ_HOLDS(guard->slot < GUARD_CONNECTIONS && after.connections > 0);
    FUZZ_HOLDS(after.connected <= scene_limits.connections);
    FUZZ_HOLDS(peer->source == SOURCE_LOCAL || is_within(guard, &after));
    return verdict;
}

void use_penalise(struct guard *guard, enum guard_offence offence)
{
    uint64_t add_ms = scene_limits.penalty[offence] * 1000, most = scene_limits.penalty_max * 1000;
    bool counts = !is_spared(guard) && add_ms > 0 && most > 0;
    struct view_source before = view_source(guard, guard->source);
    uint64_t lost = counted(GUARD_PENALTIES_LOST);
    uint64_t given = penalties_of(offence);
    guard_penalise(guard, offence, scene_now_ms);
    struct view_source after = view_source(guard, guard->source);
    bool is_lost = counted(GUARD_PENALTIES_LOST) != lost;
    FUZZ_HOLDS(penalties_of(offence) == given + counts);
    if (!counts || is_lost) {
        FUZZ_HOLDS(after.penalty_ms == before.penalty_ms && after.is_refused == before.is_refused);
        FUZZ_HOLDS(!is_lost ||
                   (counted(GUARD_PENALTIES_LOST) == lost + 1 && before.penalty_ms == 0));
        return;
    }
    uint64_t sum = before.penalty_ms + add_ms < most ? before.penalty_ms + add_ms : most;
    FUZZ_HOLDS(after.penalty_ms == sum);
    FUZZ_HOLDS(after.is_refused == (before.is_refused || sum >= scene_limits.penalty_min * 1000));
    FUZZ_HOLDS(before.penalty_ms > 0 || after.given[offence] == 1);
}

static bool take_registration(struct guard *guard, uint64_t *retry_s)
{
    uint64_t braked = counted(GUARD_REGISTRATIONS_BRAKED);
    *retry_s = 0;
    bool is_let = guard_take_registration(guard, scene_now_ms, retry_s);
    FUZZ_HOLDS(is_let || guard->source != SOURCE_LOCAL);
    FUZZ_HOLDS(is_let ? *retry_s == 0 : *retry_s >= 1 && *retry_s <= HOUR_S + 1);
    FUZZ_HOLDS(counted(GUARD_REGISTRATIONS_BRAKED) == braked + !is_let);
    return is_let;
}

/* At first for the one that everybody waits for, and then for its source's. */
void use_register(struct guard *guard, bool is_patient)
{
    uint64_t retry_s;
    bool is_let = take_registration(guard, &retry_s);
    for (unsigned i = 0; i < 2 && !is_let && is_patient; i++) {
        scene_pass(retry_s);
        is_let = take_registration(guard, &retry_s);
    }
    FUZZ_HOLDS(is_let || !is_patient);
    if (is_let && !is_patient)
        guard_return_registration(guard);
}

static enum err clear_one(void *context, const struct guard_sight *sight)
{
    bool had = guard_clear(&scene_operator, sight->source, scene_now_ms);
    FUZZ_HOLDS(had == (sight->penalty_ms > 0));
    *(uint64_t *)context += had;
    return ERR_OK;
}

void use_clear(const struct source_peer *peer)
{
    bool had = view_source(&scene_operator, peer->source).penalty_ms > 0;
    FUZZ_HOLDS(guard_clear(&scene_operator, peer->source, scene_now_ms) == had);
    FUZZ_HOLDS(view_source(&scene_operator, peer->source).penalty_ms == 0);
}

void use_clear_all(void)
{
    uint64_t cleared = 0, all = view_look(&scene_operator).penalties;
    FUZZ_OK(guard_visit(&scene_operator, scene_now_ms, clear_one, &cleared));
    FUZZ_HOLDS(cleared == all && view_look(&scene_operator).penalties == 0);
}

static void check_times(const struct guard_times *before, const struct guard_times *after,
                        const uint64_t bounds[GUARD_BUCKETS], uint64_t us)
{
    FUZZ_HOLDS(after->n == before->n + 1 && after->sum_us == before->sum_us + us);
    for (unsigned i = 0; i < GUARD_BUCKETS; i++) {
        bool is_in = us <= bounds[i] && (i == 0 || us > bounds[i - 1]);
        FUZZ_HOLDS(after->buckets[i] == before->buckets[i] + is_in);
    }
}

void use_count(struct span *in)
{
    uint64_t n = (uint64_t)fuzz_take_number(in, UINT32_MAX) << fuzz_take_byte(in) % 33;
    enum guard_counter counter = fuzz_take_byte(in) % GUARD_COUNTERS;
    unsigned code = fuzz_take_byte(in) % (GUARD_CODES + 2);
    unsigned verb = fuzz_take_byte(in) % (GUARD_VERBS + 2);
    struct guard_totals before = view_total();
    guard_count(&scene, counter, n);
    guard_count_answer(&scene, code);
    guard_count_command(&scene, verb, n);
    guard_count_connection(&scene, n);
    struct guard_totals after = view_total();
    FUZZ_HOLDS(after.counters[counter] == before.counters[counter] + n);
    FUZZ_HOLDS(code >= GUARD_CODES || after.answers[code] == before.answers[code] + 1);
    if (verb < GUARD_VERBS)
        check_times(&before.commands[verb], &after.commands[verb], guard_command_bounds, n);
    check_times(&before.connections, &after.connections, guard_connection_bounds, n);
    FUZZ_HOLDS(memcmp(after.penalties, before.penalties, sizeof(after.penalties)) == 0);
}

/* What was shared is too old after two seconds. */
void use_pressure(void)
{
    struct guard_pressure pressure;
    guard_pressure(&scene, scene_now_ms, &pressure);
    FUZZ_HOLDS(pressure.connected == view_source(&scene, SOURCE_LOCAL).connected);
    scene_pass(2);
    guard_pressure(&scene, scene_now_ms, &pressure);
    FUZZ_HOLDS(pressure.load < UINT32_MAX);
}
