/* SPDX-License-Identifier: GPL-3.0-or-later */
/* subjects.h: what is measured, one file each. Each prints lines of its own, the goal beside the number. */
#ifndef SECMSG_BENCH_STORE_SUBJECTS_H
#define SECMSG_BENCH_STORE_SUBJECTS_H

#include "tests/bench/store/rig.h"

/* writers.c: how many durable messages a second, beside bare append and fdatasync. */
void writers_measure(const struct rig *rig);

/* stock.c: what put, take and opening cost beside few and beside many waiting messages. */
void stock_measure(const struct rig *rig);

/* churn.c: what is written, and what stays on the disk, while messages come and go. */
void churn_measure(const struct rig *rig);

/* crash.c: how long a shard takes to come back, and whether another one notices. */
void crash_measure(const struct rig *rig);

#endif
