/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pwrite inside one page for each, and a checksum: a reader gets what was written whole, or nothing.
 * Neither is ever synced: the marker counts in its boot only, and the durable end may lag. */
#include "store/gdbm/marker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/keeper.h"
#include "store/gdbm/lock.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

struct marker_file marker_file(const struct gdbm_store *k, unsigned shard, int fd,
                               const struct stat *st)
{
    return (struct marker_file){.fd = fd,
                                .shard = shard,
                                .keys = &k->keys,
                                .boot = k->directory.boot,
                                .device = st->st_dev,
                                .inode = st->st_ino};
}

/* A whole marker of this boot, whichever file it was written to. */
static enum err read_marker(const struct marker_file *file, struct marker *marker)
{
    ssize_t n = place_read(file->fd, marker, sizeof(*marker), 0);
    if (n < 0) {
        log_event(LOG_LEVEL_ERROR, "marker_read_failed", "shard=%u errno=%d", file->shard, errno);
        return ERR_IO;
    }
    if (n != (ssize_t)sizeof(*marker) || marker->magic != MARKER_MAGIC ||
        memcmp(marker->boot, file->boot, sizeof(marker->boot)) != 0 ||
        marker->checksum != keys_check_marker(file->keys, file->shard, marker))
        return ERR_NOT_FOUND;
    return ERR_OK;
}

static bool is_own_marker(const struct marker_file *file, const struct marker *marker)
{
    return marker->lock_device == file->device && marker->lock_inode == file->inode;
}

enum err marker_read(const struct marker_file *file, struct marker *marker)
{
    enum err e = read_marker(file, marker);
    return !e && !is_own_marker(file, marker) ? ERR_NOT_FOUND : e;
}

static enum err write_page(const struct marker_file *file, const void *data, size_t size,
                           off_t offset)
{
    ssize_t n = pwrite(file->fd, data, size, offset);
    if (n == (ssize_t)size)
        return ERR_OK;
    if (n >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    log_event(LOG_LEVEL_ERROR, "marker_write_failed", "shard=%u errno=%d", file->shard, errno);
    return ERR_IO;
}

enum err marker_write(const struct marker_file *file, struct marker *marker)
{
    marker->magic = MARKER_MAGIC;
    memcpy(marker->boot, file->boot, sizeof(marker->boot));
    marker->lock_device = file->device;
    marker->lock_inode = file->inode;
    marker->checksum = keys_check_marker(file->keys, file->shard, marker);
    return write_page(file, marker, sizeof(*marker), 0);
}

static bool read_durable(const struct marker_file *file, struct durable *durable)
{
    return place_read(file->fd, durable, sizeof(*durable), LAYOUT_DURABLE_OFFSET) ==
               (ssize_t)sizeof(*durable) &&
           durable->magic == DURABLE_MAGIC &&
           durable->checksum == keys_check_durable(file->keys, file->shard, durable);
}

/* It is raised without the shard's lock, so it may be half written just now: a second look costs less than
 * taking nothing for durable. */
static bool find_any_durable(const struct marker_file *file, struct durable *durable)
{
    for (int tries = 0; tries < 3; tries++) {
        if (read_durable(file, durable))
            return true;
    }
    return false;
}

static bool find_durable(const struct marker_file *file, uint64_t generation,
                         struct durable *durable)
{
    return find_any_durable(file, durable) && durable->generation == generation;
}

/* The inode alone: the same file system may have another device number after a boot. Within one, the
 * marker's device tells. */
static bool is_own_durable(const struct marker_file *file, const struct durable *durable)
{
    return durable->lock_inode == file->inode;
}

uint64_t marker_durable_end(const struct marker_file *file, uint64_t generation)
{
    struct durable durable;
    bool is_known = find_durable(file, generation, &durable) && is_own_durable(file, &durable);
    return is_known ? durable.end : 0;
}

static enum err write_durable(const struct marker_file *file, uint64_t generation, uint64_t end)
{
    struct durable durable = {.magic = DURABLE_MAGIC,
                              .generation = generation,
                              .end = end,
                              .lock_device = file->device,
                              .lock_inode = file->inode};
    durable.checksum = keys_check_durable(file->keys, file->shard, &durable);
    return write_page(file, &durable, sizeof(durable), LAYOUT_DURABLE_OFFSET);
}

/* Whoever holds the page's lock, and was stopped with it in hand, mustn't stop a rebuild: at worst a lower end
 * is written over this one later. */
enum err marker_set_durable(const struct marker_file *file, uint64_t generation, uint64_t end)
{
    enum err locked = lock_take_range(file->fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable));
    enum err e = write_durable(file, generation, end);
    if (!locked)
        lock_release_range(file->fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable));
    return e;
}

/* Of a later generation, or far enough. */
static bool is_raised(const struct marker_file *file, uint64_t generation, uint64_t end)
{
    struct durable durable;
    return find_any_durable(file, &durable) && is_own_durable(file, &durable) &&
           (durable.generation > generation ||
            (durable.generation == generation && durable.end >= end));
}

enum err marker_raise_durable(const struct marker_file *file, uint64_t generation, uint64_t end)
{
    if (is_raised(file, generation, end))
        return ERR_OK;
    enum err e = lock_take_range(file->fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable));
    if (e)
        return e;
    if (!is_raised(file, generation, end))
        e = write_durable(file, generation, end);
    lock_release_range(file->fd, LAYOUT_DURABLE_OFFSET, sizeof(struct durable));
    return e;
}

struct marker_origin marker_origin(const struct marker_file *file, uint64_t generation)
{
    struct marker_origin origin = {0};
    struct marker marker;
    struct durable durable;
    if (!read_marker(file, &marker) && !is_own_marker(file, &marker)) {
        origin.is_copy = origin.is_this_boot = true;
        origin.heard = marker.generation == generation ? marker.end : 0;
    }
    if (!find_durable(file, generation, &durable))
        return origin;
    bool is_own =
        is_own_durable(file, &durable) && (!origin.is_copy || durable.lock_device == file->device);
    if (is_own) {
        origin.durable = durable.end;
    } else {
        origin.is_copy = true;
        if (durable.end > origin.heard)
            origin.heard = durable.end;
    }
    return origin;
}

bool marker_is_index(const struct marker *marker, const struct stat *st)
{
    struct marker now;
    marker_set_index(&now, st);
    return marker->index_device == now.index_device && marker->index_inode == now.index_inode &&
           marker->index_size == now.index_size &&
           memcmp(marker->index_mtime, now.index_mtime, sizeof(now.index_mtime)) == 0 &&
           memcmp(marker->index_ctime, now.index_ctime, sizeof(now.index_ctime)) == 0;
}

void marker_set_index(struct marker *marker, const struct stat *st)
{
    marker->index_device = st->st_dev;
    marker->index_inode = st->st_ino;
    marker->index_size = (uint64_t)st->st_size;
    marker->index_mtime[0] = (uint64_t)st->st_mtim.tv_sec;
    marker->index_mtime[1] = (uint64_t)st->st_mtim.tv_nsec;
    marker->index_ctime[0] = (uint64_t)st->st_ctim.tv_sec;
    marker->index_ctime[1] = (uint64_t)st->st_ctim.tv_nsec;
}

bool marker_is_same_index(const struct marker *a, const struct marker *b)
{
    return a->generation == b->generation && a->index_inode == b->index_inode &&
           a->index_device == b->index_device && a->index_writes == b->index_writes;
}
