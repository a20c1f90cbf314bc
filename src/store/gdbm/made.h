/* SPDX-License-Identifier: GPL-3.0-or-later */
/* made.h: which shards have ever been made, so that a lost one isn't taken for one that nobody needed yet. */
#ifndef SECMSG_STORE_GDBM_MADE_H
#define SECMSG_STORE_GDBM_MADE_H

#include <stdbool.h>

#include "base/error.h"

/* A file in the directory of the shards: a byte for each, 0 or 1. */
#define MADE_NAME "made"

/* Notes, durably, that a shard was made. `shards` is that directory. ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO. */
enum err made_note(int shards, unsigned number) MUST_USE;

/* The same where it is noted already, but perhaps not durably: whoever noted it may have died, or failed to
 * sync. For a shard that nobody has yet found durable. */
enum err made_note_again(int shards, unsigned number) MUST_USE;

/* false also where the file is missing: a store of before has none. */
bool made_is_noted(int shards, unsigned number);

/* The shard itself, if it is noted; else another one that is, always the same while no shard is made: for work that
 * shall not tell whether it is. With none noted, the shard itself. `count` shards there are, LAYOUT_SHARDS_MAX at
 * most. */
unsigned made_or_another(int shards, unsigned number, unsigned count);

#endif
