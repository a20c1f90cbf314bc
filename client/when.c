/* SPDX-License-Identifier: GPL-3.0-or-later */
/* when.c: shows times. */
#include "when.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

/* The last second of the year 9999: later years aren't ISO 8601. */
#define LAST_SECOND UINT64_C(253402300799)

void when_text(char text[static WHEN_SIZE], uint64_t seconds)
{
    struct tm when;
    time_t value = (time_t)seconds;
    if (seconds > LAST_SECOND - 86400 || localtime_r(&value, &when) == NULL ||
        strftime(text, WHEN_SIZE, "%Y-%m-%dT%H:%M:%S%z", &when) != 24) {
        (void)snprintf(text, WHEN_SIZE, "second %" PRIu64, seconds);
        return;
    }
    /* %z has no colon. */
    memmove(text + 23, text + 22, 3);
    text[22] = ':';
}
