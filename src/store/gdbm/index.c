/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GDBM with its habits kept in check. Invariant: between two transactions the cache holds nothing that
 * GDBM doesn't, and GDBM nothing that the file doesn't.
 *
 * Why so: gdbm_close syncs a writer's file, which would cost every session 1.4 ms for an index that can
 * be built again; a call may fail and return success, which gdbm_needs_recovery still shows; mmap would
 * turn a full disk into SIGBUS; its own locks are taken after it has looked at the file. */
#include "store/gdbm/index.h"

#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
/* GDBM 1.23 doesn't free its header when it refuses a damaged file; everything else that leaks is ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:gdbm_fd_open\n";
}
#endif

#define BLOCK_SIZE 4096
#define CACHE_SIZE 16

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
    uint64_t clock;
    struct cache_entry cache[CACHE_SIZE];
};

static datum datum_of(void *data, size_t size)
{
    return (datum){.dptr = data, .dsize = (int)size};
}

/* Names what GDBM says, and tells a full disk from a broken file. */
static enum err gdbm_failed(struct index *index, const char *what)
{
    gdbm_error code = gdbm_last_errno(index->db);
    int system = gdbm_check_syserr(code) ? gdbm_last_syserr(index->db) : 0;
    if (system == ENOSPC || system == EDQUOT || system == EFBIG)
        return ERR_NO_SPACE;
    if (code == GDBM_MALLOC_ERROR)
        return ERR_NO_MEMORY;
    log_event(LOG_LEVEL_WARNING, "index_failed", "call=%s gdbm=\"%s\" errno=%d", what,
              gdbm_strerror(code), system);
    return system != 0 ? ERR_IO : ERR_DAMAGED;
}

static enum err open_file(struct index **index, const struct index *in, int fd, int flags)
{
    *index = NULL;
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    struct index *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        close(fd);
        return ERR_NO_MEMORY;
    }
    made->dir = in->dir;
    made->keys = in->keys;
    made->db = gdbm_fd_open(fd, INDEX_NAME, BLOCK_SIZE,
                            flags | GDBM_NOMMAP | GDBM_NOLOCK | GDBM_CLOEXEC | GDBM_CLOERROR, NULL);
    if (made->db == NULL || gdbm_needs_recovery(made->db)) {
        int system = errno;
        index_drop(made);
        return system == ENOSPC || system == EFBIG ? ERR_NO_SPACE : ERR_DAMAGED;
    }
    *index = made;
    return ERR_OK;
}

enum err index_open(struct index **index, int dir, const char *name, const struct keys *keys,
                    bool is_new)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_TRUNC : 0);
    int fd = openat(dir, name, flags, 0600);
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, fd, is_new ? GDBM_NEWDB : GDBM_WRITER);
}

enum err index_open_read_only(struct index **index, int dir, const char *name,
                              const struct keys *keys)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, fd, GDBM_READER);
}

void index_drop(struct index *index)
{
    if (index == NULL)
        return;
    if (index->db != NULL) {
        /* An O_PATH descriptor in the file's place makes the fsync in gdbm_close fail at once (EBADF).
         * Nothing is lost by it: GDBM keeps no change back once a call has returned. */
        int fd = gdbm_fdesc(index->db);
        if (dup3(index->dir, fd, O_CLOEXEC) < 0)
            log_event(LOG_LEVEL_WARNING, "index_drop_failed", "errno=%d", errno);
        gdbm_close(index->db);
    }
    free(index);
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
        return gdbm_failed(index, entry->state == CACHED_REMOVED ? "delete" : "store");
    entry->state = entry->state == CACHED_REMOVED ? CACHED_EMPTY : CACHED_CLEAN;
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
        return gdbm_failed(index, "fetch");
    }
    if (value.dptr == NULL)
        return gdbm_last_errno(index->db) == GDBM_ITEM_NOT_FOUND ? ERR_NOT_FOUND
                                                                 : gdbm_failed(index, "fetch");
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
    return ERR_OK;
}

const struct keys *index_keys(const struct index *index)
{
    return index->keys;
}

enum err index_stat(const struct index *index, struct stat *st)
{
    return fstat(gdbm_fdesc(index->db), st) == 0 ? ERR_OK : ERR_IO;
}
