/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoever reads gives room back, and ends; so the last connections are left to those who do, and of a busy machine the
 * last of its power. The load isn't the server's alone: a build that keeps the machine busy must not keep its own alert
 * from being sent, so max-load is by default one that is far from usual: a disk that hangs makes it, or many who wait for
 * a slow one. */
#include "handler/load.h"

#include <inttypes.h>

#include "base/clock.h"

#include "base/banned.h"

#define RETRY_S 30

struct threshold {
    uint64_t connections; /* sixteenths of max-connections */
    uint64_t load;        /* percent of max-load */
};

/* Above which it is refused. */
static const struct threshold thresholds[] = {
    [LOAD_REGISTER] = {12, 100},
    [LOAD_COMPOSE] = {15, 150},
};

enum code load_check(struct session *s, enum load_use use, struct reply *reply)
{
    const struct threshold *most = &thresholds[use];
    const char *what = use == LOAD_REGISTER ? "new accounts" : "new messages";
    uint64_t max_load = s->settings->max_load;
    struct guard_pressure pressure;
    guard_pressure(s->guard, clock_running_ms(), &pressure);
    if (pressure.connected * 16 > s->settings->guard.connections * most->connections)
        return reply_refuse(reply, CODE_BUSY, "retry-after=%d too many connections for %s just now",
                            RETRY_S, what);
    if (max_load > 0 && pressure.load > max_load * most->load)
        return reply_refuse(reply, CODE_BUSY,
                            "retry-after=%d the server has too much to do for %s just now", RETRY_S,
                            what);
    return CODE_NONE;
}
