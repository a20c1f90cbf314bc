/* clock.h: the clocks. Only programs read them; crypto and wire are handed times. */
#ifndef SECMSG_BASE_CLOCK_H
#define SECMSG_BASE_CLOCK_H

#include <stdint.h>

/* Seconds since 1970, for people and for tokens. */
uint64_t clock_wall(void);

/* Milliseconds of CLOCK_MONOTONIC, for deadlines. Never goes back. */
uint64_t clock_monotonic_ms(void);

/* Seconds that the machine has been running, also asleep. Never goes back, whatever is set. */
uint64_t clock_running(void);

/* The same in milliseconds: for times that several processes share. */
uint64_t clock_running_ms(void);

/* Microseconds of CLOCK_MONOTONIC, to measure with; and those that this process has computed. */
uint64_t clock_monotonic_us(void);
uint64_t clock_processor_us(void);

/* A deadline that never comes. */
#define CLOCK_NEVER UINT64_MAX

/* What poll(2) takes for a deadline: milliseconds from now, 0 if it has passed, -1 for CLOCK_NEVER. */
int clock_poll_timeout(uint64_t deadline_ms);

#endif
