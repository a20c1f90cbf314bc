/* SPDX-License-Identifier: GPL-3.0-or-later */
/* point.h: names for the moments at which a crash would matter most, so that tests can have one there. */
#ifndef SECMSG_STORE_GDBM_POINT_H
#define SECMSG_STORE_GDBM_POINT_H

/* Called at each named point; NULL in programs. */
extern void (*point_hook)(const char *name);

void point_pass(const char *name);

#endif
