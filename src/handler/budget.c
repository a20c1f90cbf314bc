/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames, bytes and processor time are looked at between commands: none of those that are possible before a login
 * can take long by itself. */
#include "handler/budget.h"

#include "base/clock.h"

#include "base/banned.h"

bool budget_is_over(struct session *s)
{
    if (s->state != SESSION_NEW || s->channel.is_plain)
        return false;
    return ++s->frames > WIRE_PRELOGIN_FRAMES || s->channel.stream.received > WIRE_PRELOGIN_BYTES ||
           clock_processor_us() > BUDGET_CPU_US;
}
