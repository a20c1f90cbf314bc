/* SPDX-License-Identifier: GPL-3.0-or-later */
/* points.h: death at a named point of the store (store/gdbm/point.h), told by the environment:
 *
 *   POINTS_DIE=DOING/POINT/N   kill -9 at the N-th pass of POINT while DOING; DOING is * for anything
 *   POINTS_COUNT=FILE          at the end FILE gets a line `N DOING/POINT` for each that was passed */
#ifndef SECMSG_TESTS_CRASH_POINTS_H
#define SECMSG_TESTS_CRASH_POINTS_H

/* For the whole process; aborts on an environment that it can't read. */
void points_begin(void);

/* Names the operation that what follows belongs to; a constant. */
void points_doing(const char *operation);

#endif
