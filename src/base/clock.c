/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clocks. No call can fail on Linux for these clocks, so there is no error to return. */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

#include "base/banned.h"

uint64_t clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec;
}

uint64_t clock_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_running(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec;
}

int clock_poll_timeout(uint64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return -1;
    uint64_t now = clock_monotonic_ms();
    if (deadline_ms <= now)
        return 0;
    return deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now);
}
