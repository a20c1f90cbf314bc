/* limits.h: the guard's limits as settings, for every program that reads them. */
#ifndef SECMSG_GUARD_LIMITS_H
#define SECMSG_GUARD_LIMITS_H

#include "guard/guard.h"

/* What holds where nothing is set. */
void limits_default(struct guard_limits *limits);

/* One of them by its setting's name. ERR_NOT_FOUND if it is none of these, ERR_MALFORMED for a bad value. */
enum err limits_set(struct guard_limits *limits, const char *name, const char *value) MUST_USE;

#endif
