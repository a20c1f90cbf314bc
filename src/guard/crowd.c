/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A slot is owned by a process's number. The kernel removes it when the process dies; what the kernel can't know of
 * (garbage, a process of another machine's memory image) ends with its lease, since nobody renews it. */
#include "guard/crowd.h"

#include "base/clock.h"
#include "guard/penalty.h"
#include "guard/robust.h"
#include "guard/table.h"

#include "base/banned.h"

#define LEASE_MS UINT64_C(600000)
#define SLACK_MS UINT64_C(1000)

#define RETRY_FULL_S    5
#define RETRY_CROWDED_S 15

unsigned crowd_top(const struct guard *guard)
{
    uint64_t top = atomic_load(&guard->file->top);
    return top < GUARD_CONNECTIONS ? (unsigned)top : GUARD_CONNECTIONS;
}

static bool is_held(const struct layout_slot *slot, uint32_t owner, uint64_t now_ms)
{
    uint64_t seen = atomic_load(&slot->seen);
    bool is_fresh = seen > now_ms ? seen - now_ms <= SLACK_MS : now_ms - seen <= LEASE_MS;
    return robust_is_owned(owner) && is_fresh;
}

bool crowd_has(const struct layout_slot *slot, uint64_t now_ms, uint64_t *source)
{
    bool has = is_held(slot, atomic_load(&slot->owner), now_ms);
    *source = atomic_load(&slot->source);
    return has;
}

/* The lease begins before the slot is owned, so that nobody sees it owned and its lease over. */
static bool try_slot(struct guard *guard, uint32_t at, uint64_t now_ms)
{
    struct layout_slot *slot = &guard->file->slots[at];
    uint32_t before = atomic_load(&slot->owner);
    if (is_held(slot, before, now_ms))
        return false;
    atomic_store(&slot->seen, now_ms);
    robust_watch(&slot->owner);
    if (!atomic_compare_exchange_strong(&slot->owner, &before, guard->self)) {
        robust_forget();
        return false;
    }
    atomic_store(&slot->is_new, 1);
    atomic_store(&slot->source, guard->source);
    guard->slot = at;
    return true;
}

static bool take_slot(struct guard *guard, uint64_t now_ms)
{
    uint64_t top = atomic_load(&guard->file->top);
    for (uint32_t at = 0; at < GUARD_CONNECTIONS; at++)
        if (try_slot(guard, at, now_ms)) {
            while (top <= at && !atomic_compare_exchange_weak(&guard->file->top, &top, at + 1))
                ;
            return true;
        }
    return false;
}

static void give_slot_back(struct guard *guard)
{
    if (guard->slot == GUARD_CONNECTIONS)
        return;
    uint32_t mine = guard->self;
    atomic_compare_exchange_strong(&guard->file->slots[guard->slot].owner, &mine, 0);
    robust_forget();
    guard->slot = GUARD_CONNECTIONS;
}

/* Connections of a source, or of a network of sources. */
struct share {
    uint64_t all;
    uint64_t before_login;
};

static void add(struct share *share, bool is_new)
{
    share->all++;
    share->before_login += is_new;
}

static bool is_same_network(uint64_t a, uint64_t b)
{
    return a == b || (!source_is_ipv4(a) && !source_is_ipv4(b) && a >> 16 == b >> 16);
}

static bool is_crowded(const struct guard *guard, const struct share *share, uint64_t times)
{
    const struct guard_limits *limits = guard->limits;
    if (guard->source == SOURCE_LOCAL)
        return false;
    return share->all > limits->connections_per_source * times ||
           (!guard->is_exempt && share->before_login > limits->before_login_per_source * times);
}

/* A lease that begins in the future is none yet, and that far off it is garbage: it shall be none later either. A clock
 * that is behind, because its process stood still, is believed for as long as a lease lasts. */
static void forget_garbage(struct layout_slot *slot, uint64_t now_ms)
{
    uint64_t seen = atomic_load(&slot->seen);
    if (seen > now_ms && seen - now_ms > LEASE_MS)
        atomic_compare_exchange_strong(&slot->seen, &seen, 0);
}

/* Whoever comes is counted first, and then counts: of two that come at once one at least sees the other. */
static enum guard_verdict judge(const struct guard *guard, uint64_t now_ms)
{
    uint64_t all = 0, source;
    struct share same = {0}, network = {0};
    unsigned top = crowd_top(guard);
    for (unsigned i = 0; i < top; i++) {
        struct layout_slot *slot = &guard->file->slots[i];
        if (!crowd_has(slot, now_ms, &source)) {
            forget_garbage(slot, now_ms);
            continue;
        }
        bool is_new = atomic_load(&slot->is_new) != 0;
        all++;
        if (source == guard->source)
            add(&same, is_new);
        if (is_same_network(source, guard->source))
            add(&network, is_new);
    }
    if (all > guard->limits->connections)
        return GUARD_FULL;
    if (is_crowded(guard, &same, 1) ||
        (!guard->is_exempt && is_crowded(guard, &network, GUARD_NETWORK_SOURCES)))
        return GUARD_CROWDED;
    return GUARD_ADMITTED;
}

bool guard_is_penalised(const struct guard *guard, uint64_t now_ms, uint64_t *retry_s)
{
    uint64_t left_ms;
    if (guard->source == SOURCE_LOCAL || guard->is_exempt)
        return false;
    struct layout_source *place = table_find(guard, guard->source);
    if (!place)
        return false;
    penalty_forget_garbage(guard, place, now_ms);
    if (!penalty_refuses(guard, place, now_ms, &left_ms))
        return false;
    *retry_s = (left_ms + 999) / 1000;
    return true;
}

static enum guard_verdict refuse(struct guard *guard, enum guard_verdict verdict)
{
    static const enum guard_counter counters[] = {
        [GUARD_FULL] = GUARD_REFUSED_FULL,
        [GUARD_CROWDED] = GUARD_REFUSED_SOURCE,
        [GUARD_PENALISED] = GUARD_REFUSED_PENALTY,
    };
    give_slot_back(guard);
    guard_count(guard, counters[verdict], 1);
    return verdict;
}

enum guard_verdict guard_enter(struct guard *guard, const struct source_peer *peer, uint64_t now_ms,
                               uint64_t *retry_s)
{
    guard->source = peer->source;
    guard->is_exempt = source_list_has(&guard->limits->exempt, peer);
    guard->entered_us = clock_monotonic_us();
    if (guard_is_penalised(guard, now_ms, retry_s))
        return refuse(guard, GUARD_PENALISED);
    enum guard_verdict verdict = take_slot(guard, now_ms) ? judge(guard, now_ms) : GUARD_FULL;
    *retry_s = verdict == GUARD_FULL ? RETRY_FULL_S : RETRY_CROWDED_S;
    if (verdict != GUARD_ADMITTED)
        return refuse(guard, verdict);
    guard_count(guard, GUARD_STARTED, 1);
    return GUARD_ADMITTED;
}

void guard_log_in(struct guard *guard)
{
    if (guard->slot != GUARD_CONNECTIONS)
        atomic_store(&guard->file->slots[guard->slot].is_new, 0);
}

void guard_renew(struct guard *guard, uint64_t now_ms)
{
    if (guard->slot != GUARD_CONNECTIONS)
        atomic_store_explicit(&guard->file->slots[guard->slot].seen, now_ms, memory_order_relaxed);
}

void guard_leave(struct guard *guard)
{
    if (guard->slot == GUARD_CONNECTIONS)
        return;
    guard_count_connection(guard, clock_monotonic_us() - guard->entered_us);
    guard_count(guard, GUARD_CPU_US, clock_processor_us());
    give_slot_back(guard);
}
