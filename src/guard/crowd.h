/* crowd.h: the connections there are now. */
#ifndef SECMSG_GUARD_CROWD_H
#define SECMSG_GUARD_CROWD_H

#include "guard/layout.h"

/* The slots that may be in use: all others never were. */
unsigned crowd_top(const struct guard *guard);

/* Whether the slot is a connection's now, and *source whose. */
bool crowd_has(const struct layout_slot *slot, uint64_t now_ms, uint64_t *source);

#endif
