/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names.h: that the names which lead to a shard's log are durable. */
#ifndef SECMSG_STORE_GDBM_NAMES_H
#define SECMSG_STORE_GDBM_NAMES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

/* The names in a shard's directory. ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO. */
enum err names_sync(int dir) MUST_USE;

/* And those above it, up to those in the store's directory. Its maker may have died before it synced them, so whoever is first to
 * find a log durable does this, and then notes the shard (made.h). */
enum err names_sync_all(int dir) MUST_USE;

/* The name of the store's directory itself, unless the one above is closed to us: then whoever let us into it has made
 * that entry. `store` may be O_PATH. */
enum err names_sync_above(int store) MUST_USE;

/* Whether the name leads to that file and no other. */
bool names_lead_to(int dir, const char *name, const struct stat *st);

/* The same for an open file; -1: no. */
bool names_lead_to_open(int dir, const char *name, int fd);

#endif
