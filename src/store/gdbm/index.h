/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.h: the index of a shard, a GDBM file and its front (front.h): entries of three constant sizes under keyed keys,
 * each with a check.
 *
 * Changes collect in memory and reach the files with index_flush. An index that a call failed on with
 * anything but ERR_NOT_FOUND is to be dropped and no longer trusted. Callers hold the shard's lock. */
#ifndef SECMSG_STORE_GDBM_INDEX_H
#define SECMSG_STORE_GDBM_INDEX_H

#include <sys/stat.h>

#include "store/gdbm/front.h"
#include "store/gdbm/keys.h"

#define INDEX_NAME "index.gdbm"

struct index;

/* `dir` is the shard's directory opened with O_PATH, and outlives the index. is_new truncates,
 * and makes the index in memory until the first index_flush, which writes it to the file at once: entry by entry it
 * would be written ten times. Errors as below, and ERR_NOT_FOUND. */
enum err index_open(struct index **index, int dir, const char *name, const struct keys *keys,
                    bool is_new) MUST_USE;

/* Reads the front of a file that was opened just now, or whose front others have changed since; `digest` is the
 * marker's. ERR_DAMAGED: the index can't be trusted. */
enum err index_load_front(struct index *index, uint64_t digest) MUST_USE;

/* Opens for reading only: index_flush must have nothing to do. */
enum err index_open_read_only(struct index **index, int dir, const char *name,
                              const struct keys *keys) MUST_USE;

/* A copy of the GDBM file of `index` that `fd` leads to, which is closed with the copy, or on an error. What is in
 * the front of `index` is brought into it, so that it needs none. */
enum err index_open_copy(struct index **copy, int fd, const struct index *index) MUST_USE;

/* A new one that no disk knows of. */
enum err index_open_in_memory(struct index **index, int dir, const struct keys *keys) MUST_USE;

/* Closes without gdbm_close's fsync, and without what wasn't flushed. NULL is fine. */
void index_drop(struct index *index);

/* Copies the entry's value, INDEX_TINY, INDEX_SMALL or INDEX_LARGE bytes. ERR_NOT_FOUND, ERR_DAMAGED, ERR_IO,
 * ERR_NO_MEMORY; writing out the cache may also be ERR_NO_SPACE. */
enum err index_get(struct index *index, const uint8_t key[static INDEX_KEY_LEN], void *value,
                   size_t size) MUST_USE;

/* Reads from GDBM's file as much for an entry that is there as for one that isn't, once for each key (of the last
 * two): what it cost to find out shall tell nothing. */
enum err index_touch(struct index *index, const uint8_t key[static INDEX_KEY_LEN]) MUST_USE;

/* Stores a value; its check is filled in here. */
enum err index_put(struct index *index, const uint8_t key[static INDEX_KEY_LEN], const void *value,
                   size_t size) MUST_USE;

/* Removes an entry that is there. */
enum err index_remove(struct index *index, const uint8_t key[static INDEX_KEY_LEN],
                      size_t size) MUST_USE;

/* Into GDBM what is new or a copy, and what its front has no room for; the rest into that. After ERR_NO_SPACE a new
 * index may be flushed once more. */
enum err index_flush(struct index *index) MUST_USE;

/* The same after a change that makes room, and finds all it changes there: no file grows by it, so it works on a full
 * disk. */
enum err index_flush_in_place(struct index *index) MUST_USE;

/* Counts the entries that aren't the same in both, or are in one alone. Nothing may be cached unflushed. */
enum err index_compare(struct index *a, struct index *b, uint64_t *differences) MUST_USE;

/* The keys that it was opened with. */
const struct keys *index_keys(const struct index *index);

enum err index_stat(const struct index *index, struct stat *st) MUST_USE;

/* Sets the marker's fields about the index, as it is after index_flush. */
enum err index_note(struct index *index, struct marker *marker) MUST_USE;

#endif
