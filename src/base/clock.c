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

static uint64_t read_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_running_ms(void)
{
    return read_us(CLOCK_BOOTTIME) / 1000;
}

uint64_t clock_running(void)
{
    return clock_running_ms() / 1000;
}

uint64_t clock_processor_us(void)
{
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
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
