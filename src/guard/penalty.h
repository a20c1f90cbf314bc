/* penalty.h: penalties of one source: they add up, decay by a second each second, and are capped.
 *
 * As OpenSSH's PerSourcePenalties (sshd_config(5)): what is stored is when the penalty will be over. It is acted upon
 * once it has reached the minimum, and then until it is over. */
#ifndef SECMSG_GUARD_PENALTY_H
#define SECMSG_GUARD_PENALTY_H

#include "guard/layout.h"

/* Milliseconds until it is over; 0 for garbage: more than the limits can have let add up. */
uint64_t penalty_left(const layout_word *penalty, const struct guard_limits *limits,
                      uint64_t now_ms);

/* Whether it is acted upon, *left_ms longer. */
bool penalty_refuses(const struct guard *guard, const struct layout_source *place, uint64_t now_ms,
                     uint64_t *left_ms);

/* A penalty that is by far more than the limits can have let add up (they were others then, or it is garbage) doesn't
 * come back when its end is near. */
void penalty_forget_garbage(const struct guard *guard, struct layout_source *place,
                            uint64_t now_ms);

#endif
