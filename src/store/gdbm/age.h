/* SPDX-License-Identifier: GPL-3.0-or-later */
/* age.h: how much time has passed in a shard, by which messages expire and ids are forgotten.
 *
 * A shard's age is 1 when it is made, and a record bears the age at which it was decided. While the machine
 * runs it grows by what the machine says it has been running for, and no setting of the wall clock is heard.
 * Over a reboot it grows by what the wall clock has moved on since the latest record, but at most by a day
 * and what the machine has been running for; if the clock went back, not at all. So it never runs faster
 * than time, but for a day in a boot that began with a wrong clock, and more slowly where longer stretches
 * pass unseen: then things are kept for longer. */
#ifndef SECMSG_STORE_GDBM_AGE_H
#define SECMSG_STORE_GDBM_AGE_H

#include <stdbool.h>

#include "store/gdbm/layout.h"

#define AGE_DAY UINT64_C(86400)

/* The age now, by a marker read under the lock; at least the latest record's. */
uint64_t age_now(const struct marker *marker);

/* Sets where this boot begins: as `before`, the marker that it already had, says; or, if that is NULL, by
 * the marker's latest record. */
void age_begin(struct marker *marker, const struct marker *before);

/* Whether the latest record is so old that the age should be noted in another: over a reboot more of it would
 * be lost. */
bool age_is_unnoted(const struct marker *marker);

/* Whether what was decided at `age` is `days` old at `now`. */
bool age_is_over(uint64_t age, uint64_t days, uint64_t now);

#endif
