/* SPDX-License-Identifier: GPL-3.0-or-later */
/* found.h: founds a store in an empty directory: host key, shards, and last of all store.conf. */
#ifndef SECMSG_STORE_GDBM_FOUND_H
#define SECMSG_STORE_GDBM_FOUND_H

#include "base/error.h"

/* The names in a store's directory. */
#define FOUND_CONF     "store.conf"
#define FOUND_HOST_KEY "host.key"
#define FOUND_LOCK     "lock"
#define FOUND_SHARDS   "shards"
#define FOUND_GUARD    "guard" /* not the store's own: guard/guard.h */

/* `fd` is the directory, opened for reading. Safe for any number of processes at once, and whichever is
 * killed at whatever point: the next goes on from there. ERR_MALFORMED: it holds other things, and
 * nothing was touched. ERR_NO_SPACE, ERR_BUSY, ERR_IO, ... */
enum err found_store(int fd) MUST_USE;

/* ERR_MALFORMED: the directory has names in it that are neither a store's nor `also`, which may be NULL. ERR_IO,
 * ERR_DENIED. */
enum err found_check_own(int fd, const char *also) MUST_USE;

#endif
