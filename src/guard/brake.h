/* brake.h: a bucket of an hour's registrations, refilled evenly.
 *
 * Kept as one word, the time when it will be full again (the "theoretical arrival time" of ATM's generic cell rate
 * algorithm): an hour from now, it is empty. */
#ifndef SECMSG_GUARD_BRAKE_H
#define SECMSG_GUARD_BRAKE_H

#include "guard/layout.h"

/* Milliseconds until the bucket is full; 0 for garbage: more than an hour. */
uint64_t brake_left(const layout_word *registered, uint64_t now_ms);

#endif
