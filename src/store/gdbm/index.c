/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transaction's view of the index. Invariant: between two transactions the cache holds nothing that GDBM
 * doesn't, and GDBM nothing that the file doesn't. */
#include "store/gdbm/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/database.h"

#include "base/banned.h"

#define CACHE_SIZE 16

/* So much of a new index is made in memory, of which no disk is to hear until it is whole. */
#define MEMORY_MOST   (UINT64_C(64) << 20)
#define MEMORY_STORES 1024 /* between two looks at its size */

enum cached { CACHED_EMPTY, CACHED_CLEAN, CACHED_CHANGED, CACHED_REMOVED };

struct cache_entry {
    uint8_t key[INDEX_KEY_LEN];
    enum cached state;
    uint64_t used;
    size_t size;
    uint64_t value[INDEX_LARGE / sizeof(uint64_t)]; /* begins with its check */
};

struct index {
    GDBM_FILE db;
    int dir;
    const struct keys *keys;
    int file;        /* where a new one goes from memory; -1 if it has no such way to go */
    unsigned stores; /* meanwhile */
    uint64_t clock;
    struct cache_entry cache[CACHE_SIZE];
};

static datum datum_of(void *data, size_t size)
{
    return (datum){.dptr = data, .dsize = (int)size};
}

static enum err open_file(struct index **index, const struct index *in, int fd, int flags)
{
    *index = NULL;
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : database_open_failed("open", errno);
    struct index *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        close(fd);
        return ERR_NO_MEMORY;
    }
    made->dir = in->dir;
    made->keys = in->keys;
    made->file = -1;
    enum err e = database_open(&made->db, fd, flags);
    if (!e)
        *index = made;
    else
        index_drop(made);
    return e;
}

enum err index_open(struct index **index, int dir, const char *name, const struct keys *keys,
                    bool is_new)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_TRUNC : 0);
    int fd = openat(dir, name, flags, 0600);
    const struct index in = {.dir = dir, .keys = keys};
    if (!is_new || fd < 0)
        return open_file(index, &in, fd, GDBM_WRITER);
    enum err e = index_open_in_memory(index, dir, keys);
    if (e)
        close(fd);
    else
        (*index)->file = fd;
    return e;
}

enum err index_open_read_only(struct index **index, int dir, const char *name,
                              const struct keys *keys)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, fd, GDBM_READER);
}

enum err index_open_copy(struct index **index, int dir, int fd, const struct keys *keys)
{
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, fd, GDBM_READER);
}

enum err index_open_in_memory(struct index **index, int dir, const struct keys *keys)
{
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, memfd_create(INDEX_NAME, MFD_CLOEXEC), GDBM_NEWDB);
}

void index_drop(struct index *index)
{
    if (index == NULL)
        return;
    database_close(index->db, index->dir);
    if (index->file >= 0)
        close(index->file);
    free(index);
}

static enum err leave_memory(struct index *index, uint64_t least)
{
    struct stat st;
    if (fstat(gdbm_fdesc(index->db), &st) != 0)
        return database_open_failed("fstat", errno);
    if ((uint64_t)st.st_size < least)
        return ERR_OK;
    enum err e = database_move(&index->db, index->file, index->dir);
    if (!e) {
        close(index->file);
        index->file = -1;
    }
    return e;
}

static enum err store_entry(struct index *index, struct cache_entry *entry)
{
    datum key = datum_of(entry->key, INDEX_KEY_LEN);
    int failed;
    if (entry->state == CACHED_REMOVED) {
        failed = gdbm_delete(index->db, key);
    } else {
        entry->value[0] =
            keys_check_value(index->keys, entry->key, span_of(entry->value, entry->size));
        failed = gdbm_store(index->db, key, datum_of(entry->value, entry->size), GDBM_REPLACE);
    }
    if (failed != 0 || gdbm_needs_recovery(index->db))
        return database_failed(index->db, entry->state == CACHED_REMOVED ? "delete" : "store");
    entry->state = entry->state == CACHED_REMOVED ? CACHED_EMPTY : CACHED_CLEAN;
    if (index->file >= 0 && ++index->stores % MEMORY_STORES == 0)
        return leave_memory(index, MEMORY_MOST);
    return ERR_OK;
}

static struct cache_entry *find_cached(struct index *index, const uint8_t *key)
{
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        struct cache_entry *entry = &index->cache[i];
        if (entry->state != CACHED_EMPTY && memcmp(entry->key, key, INDEX_KEY_LEN) == 0) {
            entry->used = ++index->clock;
            return entry;
        }
    }
    return NULL;
}

/* Frees the entry that was used longest ago, and gives it to the key. */
static enum err take_cached(struct index *index, const uint8_t *key, struct cache_entry **taken)
{
    struct cache_entry *oldest = &index->cache[0];
    for (size_t i = 0; i < CACHE_SIZE && oldest->state != CACHED_EMPTY; i++) {
        if (index->cache[i].state == CACHED_EMPTY || index->cache[i].used < oldest->used)
            oldest = &index->cache[i];
    }
    if (oldest->state == CACHED_CHANGED || oldest->state == CACHED_REMOVED) {
        enum err e = store_entry(index, oldest);
        if (e)
            return e;
    }
    oldest->state = CACHED_EMPTY;
    oldest->used = ++index->clock;
    memcpy(oldest->key, key, INDEX_KEY_LEN);
    *taken = oldest;
    return ERR_OK;
}

static enum err fetch_entry(struct index *index, struct cache_entry *entry, size_t size)
{
    datum value = gdbm_fetch(index->db, datum_of(entry->key, INDEX_KEY_LEN));
    if (gdbm_needs_recovery(index->db)) {
        free(value.dptr);
        return database_failed(index->db, "fetch");
    }
    if (value.dptr == NULL)
        return gdbm_last_errno(index->db) == GDBM_ITEM_NOT_FOUND
                   ? ERR_NOT_FOUND
                   : database_failed(index->db, "fetch");
    enum err e = ERR_DAMAGED;
    if (value.dsize == (int)size) {
        memcpy(entry->value, value.dptr, size);
        if (entry->value[0] ==
            keys_check_value(index->keys, entry->key, span_of(entry->value, size)))
            e = ERR_OK;
    }
    free(value.dptr);
    if (e)
        log_event(LOG_LEVEL_ERROR, "index_entry_damaged", "type=%c", entry->key[0]);
    return e;
}

enum err index_get(struct index *index, const uint8_t key[static INDEX_KEY_LEN], void *value,
                   size_t size)
{
    struct cache_entry *entry = find_cached(index, key);
    if (entry == NULL) {
        enum err e = take_cached(index, key, &entry);
        if (!e)
            e = fetch_entry(index, entry, size);
        if (e)
            return e;
        entry->state = CACHED_CLEAN;
        entry->size = size;
    }
    if (entry->state == CACHED_REMOVED)
        return ERR_NOT_FOUND;
    memcpy(value, entry->value, size);
    return ERR_OK;
}

enum err index_put(struct index *index, const uint8_t key[static INDEX_KEY_LEN], const void *value,
                   size_t size)
{
    struct cache_entry *entry = find_cached(index, key);
    enum err e = entry == NULL ? take_cached(index, key, &entry) : ERR_OK;
    if (e)
        return e;
    memcpy(entry->value, value, size);
    entry->size = size;
    entry->state = CACHED_CHANGED;
    return ERR_OK;
}

enum err index_remove(struct index *index, const uint8_t key[static INDEX_KEY_LEN], size_t size)
{
    /* Fetched first: an entry that was only made in the cache has to be known to GDBM to be deleted. */
    uint64_t value[INDEX_LARGE / sizeof(uint64_t)];
    enum err e = index_get(index, key, value, size);
    if (e)
        return e;
    struct cache_entry *entry = find_cached(index, key);
    if (entry->state == CACHED_CHANGED)
        e = store_entry(index, entry);
    entry->state = CACHED_REMOVED;
    return e;
}

enum err index_flush(struct index *index)
{
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        struct cache_entry *entry = &index->cache[i];
        if (entry->state == CACHED_CHANGED || entry->state == CACHED_REMOVED) {
            enum err e = store_entry(index, entry);
            if (e)
                return e;
        }
    }
    return index->file >= 0 ? leave_memory(index, 0) : ERR_OK;
}

/* Whether `other` has the very same value; both are compared as they stand in the files. */
static bool has_same(struct index *index, struct index *other, datum key)
{
    datum mine = gdbm_fetch(index->db, key);
    datum yours = gdbm_fetch(other->db, key);
    bool is_same = mine.dptr != NULL && yours.dptr != NULL && mine.dsize == yours.dsize &&
                   memcmp(mine.dptr, yours.dptr, (size_t)mine.dsize) == 0;
    free(mine.dptr);
    free(yours.dptr);
    return is_same;
}

enum err index_compare(struct index *a, struct index *b, uint64_t *differences)
{
    gdbm_count_t in_a = 0;
    gdbm_count_t in_b = 0;
    uint64_t same = 0;
    datum key = gdbm_firstkey(a->db);
    while (key.dptr != NULL) {
        same += has_same(a, b, key);
        datum next = gdbm_nextkey(a->db, key);
        free(key.dptr);
        key = next;
    }
    if (gdbm_count(a->db, &in_a) != 0)
        return database_failed(a->db, "count");
    if (gdbm_count(b->db, &in_b) != 0)
        return database_failed(b->db, "count");
    *differences = in_a - same + (in_b - same);
    return ERR_OK;
}

const struct keys *index_keys(const struct index *index)
{
    return index->keys;
}

enum err index_stat(const struct index *index, struct stat *st)
{
    int fd = index->file >= 0 ? index->file : index->db != NULL ? gdbm_fdesc(index->db) : -1;
    return fstat(fd, st) == 0 ? ERR_OK : ERR_IO;
}
