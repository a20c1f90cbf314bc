/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.h: the GDBM file of a shard: entries of two constant sizes under keyed keys, each with a check.
 *
 * Changes collect in a small cache and reach GDBM with index_flush. An index that a call failed on with
 * anything but ERR_NOT_FOUND is to be dropped and no longer trusted. Callers hold the shard's lock. */
#ifndef SECMSG_STORE_GDBM_INDEX_H
#define SECMSG_STORE_GDBM_INDEX_H

#include <sys/stat.h>

#include "store/gdbm/keys.h"

#define INDEX_NAME "index.gdbm"

struct index;

/* `dir` is the shard's directory opened with O_PATH, and outlives the index. is_new truncates,
 * and makes the index in memory until the first index_flush, which writes it to the file at once: entry by entry it
 * would be written ten times. Errors as below, and ERR_NOT_FOUND. */
enum err index_open(struct index **index, int dir, const char *name, const struct keys *keys,
                    bool is_new) MUST_USE;

/* Opens for reading only: index_flush must have nothing to do. */
enum err index_open_read_only(struct index **index, int dir, const char *name,
                              const struct keys *keys) MUST_USE;

/* The same for a copy that `fd` leads to, which is closed with the index, or on an error. */
enum err index_open_copy(struct index **index, int dir, int fd, const struct keys *keys) MUST_USE;

/* A new one that no disk knows of. */
enum err index_open_in_memory(struct index **index, int dir, const struct keys *keys) MUST_USE;

/* Closes without gdbm_close's fsync, and without what wasn't flushed. NULL is fine. */
void index_drop(struct index *index);

/* Copies the entry's value, INDEX_SMALL or INDEX_LARGE bytes. ERR_NOT_FOUND, ERR_DAMAGED, ERR_IO,
 * ERR_NO_MEMORY; writing out the cache may also be ERR_NO_SPACE. */
enum err index_get(struct index *index, const uint8_t key[static INDEX_KEY_LEN], void *value,
                   size_t size) MUST_USE;

/* Stores a value; its check is filled in here. */
enum err index_put(struct index *index, const uint8_t key[static INDEX_KEY_LEN], const void *value,
                   size_t size) MUST_USE;

/* Removes an entry that is there. */
enum err index_remove(struct index *index, const uint8_t key[static INDEX_KEY_LEN],
                      size_t size) MUST_USE;

/* After ERR_NO_SPACE a new index may be flushed once more. */
enum err index_flush(struct index *index) MUST_USE;

/* Counts the entries that aren't the same in both, or are in one alone. Nothing may be cached unflushed. */
enum err index_compare(struct index *a, struct index *b, uint64_t *differences) MUST_USE;

/* The keys that it was opened with. */
const struct keys *index_keys(const struct index *index);

enum err index_stat(const struct index *index, struct stat *st) MUST_USE;

#endif
