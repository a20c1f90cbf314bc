/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pwrite inside one page for each, and a checksum: a reader gets what was written whole, or nothing.
 * Neither is ever synced: the marker counts in its boot only, and the durable end may lag. */
#include "store/gdbm/marker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

enum err marker_read(const struct marker_file *file, struct marker *marker)
{
    ssize_t n = pread(file->fd, marker, sizeof(*marker), 0);
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
    marker->checksum = keys_check_marker(file->keys, file->shard, marker);
    return write_page(file, marker, sizeof(*marker), 0);
}

static bool read_durable(const struct marker_file *file, struct durable *durable)
{
    return pread(file->fd, durable, sizeof(*durable), LAYOUT_DURABLE_OFFSET) ==
               (ssize_t)sizeof(*durable) &&
           durable->magic == DURABLE_MAGIC &&
           durable->checksum == keys_check_durable(file->keys, file->shard, durable);
}

/* It is raised without the lock, so it may be half written just now: a second look costs less than taking
 * nothing for durable. */
uint64_t marker_durable_end(const struct marker_file *file, uint64_t generation)
{
    struct durable durable;
    for (int tries = 0; tries < 3; tries++) {
        if (read_durable(file, &durable))
            return durable.generation == generation ? durable.end : 0;
    }
    return 0;
}

enum err marker_raise_durable(const struct marker_file *file, uint64_t generation, uint64_t end)
{
    if (marker_durable_end(file, generation) >= end)
        return ERR_OK;
    struct durable durable = {.magic = DURABLE_MAGIC, .generation = generation, .end = end};
    durable.checksum = keys_check_durable(file->keys, file->shard, &durable);
    return write_page(file, &durable, sizeof(durable), LAYOUT_DURABLE_OFFSET);
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
