/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transaction's view of the index: its front's image is the cache. Invariant: between two transactions GDBM holds
 * nothing that its file doesn't, and the front's file what GDBM doesn't. */
#include "store/gdbm/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/database.h"
#include "store/gdbm/marker.h"

#include "base/banned.h"

/* So many places of a front may hold what GDBM lacks; the others are for what is only looked up, and for what makes
 * room. */
#define SMALL_DIRTY 52
#define LARGE_DIRTY 6

/* So much of a new index is made in memory, of which no disk is to hear until it is whole. */
#define MEMORY_MOST   (UINT64_C(64) << 20)
#define MEMORY_STORES 1024 /* between two looks at its size */

struct index {
    GDBM_FILE db;
    int dir;
    const struct keys *keys;
    int file;        /* where a new one goes from memory; -1 if it has no such way to go */
    unsigned stores; /* meanwhile */
    bool has_front;  /* else index_flush brings everything to GDBM */
    bool is_written; /* GDBM's file, since the last index_note */
    uint64_t digest; /* of the front, as it was flushed */
    uint8_t touched[2][INDEX_KEY_LEN];
    unsigned touches;
    struct front front;
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
    made->has_front = in->has_front;
    made->file = -1;
    made->front.dir = in->dir;
    made->front.fd = -1;
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
    const struct index in = {.dir = dir, .keys = keys, .has_front = true};
    if (!is_new || fd < 0)
        return open_file(index, &in, fd, GDBM_WRITER);
    enum err e = index_open_in_memory(index, dir, keys);
    if (e) {
        close(fd);
    } else {
        (*index)->file = fd;
        (*index)->has_front = true; /* once it has left memory */
    }
    return e;
}

enum err index_open_read_only(struct index **index, int dir, const char *name,
                              const struct keys *keys)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const struct index in = {.dir = dir, .keys = keys, .has_front = true};
    return open_file(index, &in, fd, GDBM_READER);
}

static enum err copy_front(struct index *copy, const struct index *index)
{
    struct front_image image = index->front.image;
    enum err e = ERR_OK;
    for (unsigned i = 0; !e && i < FRONT_SLOTS; i++) {
        struct front_slot slot = front_slot(&image, i);
        if (slot.head->state == FRONT_REMOVED)
            e = index_remove(copy, slot.head->key, slot.head->size);
        else if (front_is_dirty(slot.head))
            e = index_put(copy, slot.head->key, slot.value, slot.head->size);
        if (e == ERR_NOT_FOUND) /* GDBM never heard of it */
            e = ERR_OK;
    }
    return e ? e : index_flush(copy);
}

enum err index_open_copy(struct index **copy, int fd, const struct index *index)
{
    const struct index in = {.dir = index->dir, .keys = index->keys};
    enum err e = open_file(copy, &in, fd, GDBM_WRITER);
    if (!e)
        e = copy_front(*copy, index);
    if (e) {
        index_drop(*copy);
        *copy = NULL;
    }
    return e;
}

enum err index_open_in_memory(struct index **index, int dir, const struct keys *keys)
{
    const struct index in = {.dir = dir, .keys = keys};
    return open_file(index, &in, memfd_create(INDEX_NAME, MFD_CLOEXEC), GDBM_NEWDB);
}

enum err index_load_front(struct index *index, uint64_t digest)
{
    enum err e = front_load(&index->front, digest);
    index->digest = digest;
    return e;
}

void index_drop(struct index *index)
{
    if (index == NULL)
        return;
    database_close(index->db, index->dir);
    front_close(&index->front);
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

/* Brings what GDBM lacks into it. */
static enum err store_slot(struct index *index, struct front_slot slot)
{
    datum key = datum_of(slot.head->key, INDEX_KEY_LEN);
    bool is_removed = slot.head->state == FRONT_REMOVED;
    int failed = is_removed ? gdbm_delete(index->db, key)
                            : gdbm_store(index->db, key, datum_of(slot.value, slot.head->size),
                                         GDBM_REPLACE);
    index->is_written = true;
    if (failed != 0 || gdbm_needs_recovery(index->db))
        return database_failed(index->db, is_removed ? "delete" : "store");
    slot.head->state = is_removed ? FRONT_EMPTY : FRONT_CLEAN;
    if (index->file >= 0 && ++index->stores % MEMORY_STORES == 0)
        return leave_memory(index, MEMORY_MOST);
    return ERR_OK;
}

/* A place for the key, FRONT_EMPTY yet. */
static enum err take_slot(struct index *index, const uint8_t *key, size_t size,
                          struct front_slot *slot)
{
    struct front *front = &index->front;
    if (!front_find_oldest(front, size, FRONT_FREE, slot)) {
        if (!front_find_oldest(front, size, FRONT_KNOWN, slot) &&
            !front_find_oldest(front, size, FRONT_NEW, slot))
            return ERR_INTERNAL;
        enum err e = store_slot(index, *slot);
        if (e)
            return e;
    }
    *slot->head = (struct front_head){.size = (uint32_t)size, .used = ++front->clock};
    memcpy(slot->head->key, key, INDEX_KEY_LEN);
    return ERR_OK;
}

static enum err fetch_entry(struct index *index, struct front_slot slot)
{
    size_t size = slot.head->size;
    datum value = gdbm_fetch(index->db, datum_of(slot.head->key, INDEX_KEY_LEN));
    if (gdbm_needs_recovery(index->db)) {
        free(value.dptr);
        return database_failed(index->db, "fetch");
    }
    if (value.dptr == NULL && gdbm_last_errno(index->db) != GDBM_ITEM_NOT_FOUND)
        return database_failed(index->db, "fetch");
    slot.head->state = FRONT_ABSENT;
    if (value.dptr == NULL)
        return ERR_OK;
    bool is_right = value.dsize == (int)size;
    if (is_right)
        memcpy(slot.value, value.dptr, size);
    free(value.dptr);
    slot.head->state = is_right ? FRONT_CLEAN : FRONT_EMPTY;
    return is_right ? ERR_OK : ERR_DAMAGED;
}

/* Finds the entry's place, or fetches it to one. */
static enum err look_up(struct index *index, const uint8_t *key, size_t size,
                        struct front_slot *slot)
{
    enum err e = ERR_OK;
    if (!front_find(&index->front, key, size, slot)) {
        e = take_slot(index, key, size, slot);
        if (!e)
            e = fetch_entry(index, *slot);
    }
    if (!e && (slot->head->state == FRONT_ABSENT || slot->head->state == FRONT_REMOVED))
        return ERR_NOT_FOUND;
    bool is_whole =
        !e && slot->head->size == size &&
        slot->value[0] == keys_check_value(index->keys, key, span_of(slot->value, size));
    if (!e && !is_whole)
        e = ERR_DAMAGED;
    if (e == ERR_DAMAGED)
        log_event(LOG_LEVEL_ERROR, "index_entry_damaged", "type=%c", key[0]);
    return e;
}

enum err index_get(struct index *index, const uint8_t key[static INDEX_KEY_LEN], void *value,
                   size_t size)
{
    struct front_slot slot;
    enum err e = look_up(index, key, size, &slot);
    if (!e)
        memcpy(value, slot.value, size);
    return e;
}

enum err index_touch(struct index *index, const uint8_t key[static INDEX_KEY_LEN])
{
    uint8_t copy[INDEX_KEY_LEN], entry[INDEX_KEY_LEN + INDEX_SMALL];
    struct stat st;
    int fd = gdbm_fdesc(index->db);
    if (memcmp(index->touched[0], key, sizeof(copy)) == 0 ||
        memcmp(index->touched[1], key, sizeof(copy)) == 0)
        return ERR_OK;
    memcpy(copy, key, sizeof(copy));
    memcpy(index->touched[index->touches++ % 2], key, sizeof(copy));
    if (!gdbm_exists(index->db, datum_of(copy, sizeof(copy)))) /* it has compared no key */
        (void)((index->touches == 1 && fstat(fd, &st) < 0) || lseek(fd, 0, SEEK_SET) < 0 ||
               read(fd, entry, sizeof(entry)) < 0);
    return gdbm_needs_recovery(index->db) ? database_failed(index->db, "exists") : ERR_OK;
}

enum err index_put(struct index *index, const uint8_t key[static INDEX_KEY_LEN], const void *value,
                   size_t size)
{
    struct front_slot slot;
    enum err e = look_up(index, key, size, &slot); /* whether GDBM's file will have to grow */
    if (e && e != ERR_NOT_FOUND)
        return e;
    bool is_added = slot.head->state == FRONT_ABSENT || slot.head->state == FRONT_ADDED;
    memcpy(slot.value, value, size);
    slot.value[0] = keys_check_value(index->keys, key, span_of(slot.value, size));
    slot.head->size = (uint32_t)size;
    slot.head->state = is_added ? FRONT_ADDED : FRONT_CHANGED;
    return ERR_OK;
}

enum err index_remove(struct index *index, const uint8_t key[static INDEX_KEY_LEN], size_t size)
{
    struct front_slot slot;
    enum err e = look_up(index, key, size, &slot);
    if (!e)
        slot.head->state = slot.head->state == FRONT_ADDED ? FRONT_ABSENT : FRONT_REMOVED;
    return e;
}

/* Leaves at most so many places for that size dirty, if that can be done with those kinds. */
static enum err store_oldest(struct index *index, size_t size, unsigned most, unsigned kinds)
{
    struct front_slot slot;
    unsigned dirty = front_count_dirty(&index->front, size);
    for (; dirty > most && front_find_oldest(&index->front, size, kinds, &slot); dirty--) {
        enum err e = store_slot(index, slot);
        if (e)
            return e;
    }
    return ERR_OK;
}

static enum err store_all(struct index *index)
{
    enum err e = store_oldest(index, INDEX_SMALL, 0, FRONT_KNOWN | FRONT_NEW);
    return e ? e : store_oldest(index, INDEX_LARGE, 0, FRONT_KNOWN | FRONT_NEW);
}

/* Where there is no room for a front, all goes to GDBM. */
static enum err flush_to_front(struct index *index, unsigned kinds)
{
    enum err e = store_oldest(index, INDEX_SMALL, SMALL_DIRTY, kinds);
    if (!e)
        e = store_oldest(index, INDEX_LARGE, LARGE_DIRTY, kinds);
    if (!e)
        e = front_save(&index->front, &index->digest);
    if (e != ERR_NO_SPACE)
        return e;
    index->digest = 0;
    return store_all(index);
}

enum err index_flush(struct index *index)
{
    if (index->has_front && index->file < 0)
        return flush_to_front(index, FRONT_KNOWN | FRONT_NEW);
    enum err e = store_all(index);
    return !e && index->file >= 0 ? leave_memory(index, 0) : e;
}

enum err index_flush_in_place(struct index *index)
{
    return index->has_front && index->file < 0 ? flush_to_front(index, FRONT_KNOWN)
                                               : index_flush(index);
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

enum err index_note(struct index *index, struct marker *marker)
{
    struct stat st;
    enum err e = index_stat(index, &st);
    if (e)
        return e;
    marker_set_index(marker, &st);
    marker->front = index->digest;
    marker->index_writes += index->is_written;
    index->is_written = false;
    return ERR_OK;
}
