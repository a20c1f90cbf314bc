/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whoever reads gives room back, and ends; so the last connections are left to those who do. */
#include "handler/load.h"

#include <inttypes.h>

#include "base/clock.h"

#include "base/banned.h"

#define RETRY_S 30

/* Sixteenths of max-connections above which it is refused. */
static const uint64_t sixteenths[] = {[LOAD_REGISTER] = 12, [LOAD_COMPOSE] = 15};

enum code load_check(struct session *s, enum load_use use, struct reply *reply)
{
    struct guard_pressure pressure;
    guard_pressure(s->guard, clock_running_ms(), &pressure);
    if (pressure.connected * 16 <= s->settings->guard.connections * sixteenths[use])
        return CODE_NONE;
    return reply_refuse(reply, CODE_BUSY, "retry-after=%d too many connections for %s just now",
                        RETRY_S, use == LOAD_REGISTER ? "new accounts" : "new messages");
}
