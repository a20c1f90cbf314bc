/* SPDX-License-Identifier: GPL-3.0-or-later */
/* steady.h: time that passes when the target says so, and randomness that is known. */
#ifndef SECMSG_TESTS_FUZZ_STEADY_H
#define SECMSG_TESTS_FUZZ_STEADY_H

#include <stddef.h>
#include <stdint.h>

/* The time is again what it was at the beginning. */
void steady_begin(void);

void steady_pass(uint64_t seconds);

/* Called where the program is about to wait; NULL for nobody. */
typedef void steady_waiter(void);
void steady_on_wait(steady_waiter *waiter);

/* The next draw is the one with this number. */
void steady_set_draw(uint64_t draw);

/* What the program gets when it draws n random bytes as the draw with that number. */
void steady_draw(uint8_t *out, size_t n, uint64_t from);

#endif
