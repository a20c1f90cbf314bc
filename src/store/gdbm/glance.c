/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a shard's marker says, by itself: no lock is taken, no index opened and nothing made again, so that who looks
 * every minute holds nobody up, also where all indexes wait to be built after a restart. A marker is written by one
 * pwrite, and has a checksum: half of one isn't taken for one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/keeper.h"
#include "store/gdbm/made.h"
#include "store/gdbm/marker.h"

#include "base/banned.h"

#define TRIES 3 /* it may be written just now */

static void take(struct operate_glance *glance, const struct marker *marker)
{
    *glance = (struct operate_glance){
        .messages = marker->waiting,
        .message_bytes = marker->waiting_bytes,
        .used_bytes = marker->end,
        .live_bytes = marker->live_bytes,
        .index_bytes = marker->index_size,
        .is_failed = (marker->flags & MARKER_FAILED) != 0,
    };
}

/* ERR_NOT_FOUND: there is no marker of this boot, or its index isn't trusted. */
static enum err read_marker(struct gdbm_store *k, unsigned shard, int fd, struct marker *marker)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ERR_IO;
    const struct marker_file file = marker_file(k, shard, fd, &st);
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; i < TRIES && e == ERR_NOT_FOUND; i++)
        e = marker_read(&file, marker);
    return !e && (marker->flags & MARKER_TRUSTED) == 0 ? ERR_NOT_FOUND : e;
}

enum err glance_shard(struct store *store, unsigned shard, struct operate_glance *glance)
{
    struct gdbm_store *k = keeper_of(store);
    struct marker marker;
    char name[32];
    *glance = (struct operate_glance){0};
    snprintf(name, sizeof(name), "%u/lock", shard);
    int fd = openat(k->directory.shards, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && !made_is_noted(k->directory.shards, shard))
        return ERR_NOT_FOUND;
    enum err e = fd < 0 ? ERR_BUSY : read_marker(k, shard, fd, &marker);
    if (fd >= 0)
        close(fd);
    if (!e)
        take(glance, &marker);
    return e ? ERR_BUSY : ERR_OK;
}
