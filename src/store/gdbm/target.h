/* SPDX-License-Identifier: GPL-3.0-or-later */
/* target.h: where a backup goes: a place that is nobody else's. */
#ifndef SECMSG_STORE_GDBM_TARGET_H
#define SECMSG_STORE_GDBM_TARGET_H

#include <stdint.h>

#include "base/buf.h"
#include "store/gdbm/directory.h"

/* Holds the id of the store that it is a backup of, and goes last. */
#define TARGET_BEGUN "backup.begun"

/* Makes the directory, or judges the one that is there: it must be empty, a backup of this store, or one that was
 * begun. Writes there that one is begun. ERR_MALFORMED: not a directory, or with other things in it; ERR_EXISTS:
 * the store itself, in it, or another one; ERR_DAMAGED: a store, or a part of one, that has no store.conf; ERR_DENIED:
 * somebody else's, or others may write to it; ERR_NOT_FOUND: no directory above; ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO. */
enum err target_open(const struct directory *store, const char *path, int *target) MUST_USE;

/* Its shards, and one of them, made if need be; as open files. */
enum err target_open_shards(int target, int *shards) MUST_USE;
enum err target_open_shard(int target, unsigned number, int *dir) MUST_USE;

/* Puts a whole, durable file there. */
enum err target_write_file(int target, const char *name, struct span content) MUST_USE;

/* ERR_NO_SPACE: with n bytes more in the target the store, which is on the same disk, would soon have no room. */
enum err target_check_room(const struct directory *store, int target, uint64_t n) MUST_USE;

/* The backup is complete. */
enum err target_end(int target) MUST_USE;

/* What errno says, for whoever fails there. */
enum err target_failed(const char *call) MUST_USE;

enum err target_sync_directory(int dir, const char *name) MUST_USE;

#endif
