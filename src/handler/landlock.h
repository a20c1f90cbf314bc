/* SPDX-License-Identifier: GPL-3.0-or-later */
/* landlock.h: which files, sockets and processes this one can still reach. landlock(7) */
#ifndef SECMSG_HANDLER_LANDLOCK_H
#define SECMSG_HANDLER_LANDLOCK_H

#include "base/error.h"

/* From here on, and for good: below the directory `store` files can be read, written, made, renamed and removed, and
 * nowhere else; descriptors that are open stay. Nothing can be executed; from Linux 6.7 on no TCP socket bound or
 * connected, from 6.12 on no abstract Unix socket connected to and no signal sent to another process. The caller has
 * set no-new-privileges. ERR_UNSUPPORTED: this kernel has no Landlock. ERR_IO, ERR_NOT_FOUND: errno says why. */
enum err landlock_confine(const char *store) MUST_USE;

#endif
