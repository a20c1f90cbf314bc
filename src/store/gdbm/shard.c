/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock, the trust and the transaction. Invariant: whenever the lock is free, the marker names the
 * log's true end and an index that is exactly what the log says up to there, or else the next to come
 * sees that it doesn't. */
#include "store/gdbm/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/lock.h"
#include "store/gdbm/rebuild.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

#define ROOM_LEFT (UINT64_C(1) << 20) /* free bytes below which nothing is taken in */
#define DAY       86400

/* A private code of this file: the lock file was replaced while we waited for it. */
#define REPLACED ERR_CLOSED

static struct journal_owner owner_of(const struct shard *shard)
{
    return (struct journal_owner){.store_id = shard->store->directory.store_id,
                                  .shard = shard->number};
}

void shard_close(struct shard *shard)
{
    if (shard == NULL)
        return;
    index_drop(shard->index);
    journal_close(&shard->journal);
    if (shard->file.fd >= 0)
        close(shard->file.fd);
    if (shard->dir >= 0)
        close(shard->dir);
    free(shard);
}

static enum err open_failed(const struct shard *shard, const char *what)
{
    if (errno == ENOENT)
        return ERR_NOT_FOUND;
    if (errno == ENOSPC || errno == EDQUOT)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    log_event(LOG_LEVEL_ERROR, "shard_open_failed", "shard=%u file=%s errno=%d", shard->number,
              what, errno);
    return ERR_IO;
}

static enum err open_directory(struct shard *shard, bool may_create)
{
    char name[16];
    int shards = shard->store->directory.shards;
    snprintf(name, sizeof(name), "%u", shard->number);
    shard->dir = openat(shards, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (shard->dir < 0 && errno == ENOENT && may_create) {
        if (mkdirat(shards, name, 0700) != 0 && errno != EEXIST)
            return open_failed(shard, "mkdir");
        shard->dir = openat(shards, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return shard->dir < 0 ? open_failed(shard, "directory") : ERR_OK;
}

/* The lock file belongs to the directory: where that is, a lost one is made again. */
static enum err open_files(struct shard *shard, bool may_create)
{
    enum err e = open_directory(shard, may_create);
    if (e)
        return e;
    int flags = O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(shard->dir, "lock", flags | O_RDWR | O_CREAT, 0600);
    if (fd < 0 && errno == EROFS) {
        shard->is_read_only = true;
        fd = openat(shard->dir, "lock", flags | O_RDONLY);
    }
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        e = open_failed(shard, "lock");
    shard->file = (struct marker_file){.fd = fd,
                                       .shard = shard->number,
                                       .keys = &shard->store->keys,
                                       .boot = shard->store->directory.boot};
    if (!e) {
        shard->lock_device = st.st_dev;
        shard->lock_inode = st.st_ino;
    }
    return e;
}

static enum err shard_open(struct gdbm_store *store, unsigned number, bool may_create)
{
    struct shard *shard = calloc(1, sizeof(*shard));
    if (shard == NULL)
        return ERR_NO_MEMORY;
    shard->store = store;
    shard->number = number;
    shard->dir = -1;
    shard->file.fd = -1;
    shard->journal = JOURNAL_CLOSED;
    enum err e = open_files(shard, may_create);
    if (e) {
        shard_close(shard);
        return e;
    }
    store->shards[number] = shard;
    store->shards_open++;
    return ERR_OK;
}

static void forget(struct gdbm_store *store, struct shard *shard)
{
    store->shards[shard->number] = NULL;
    store->shards_open--;
    shard_close(shard);
}

void shard_close_idle(struct gdbm_store *store)
{
    struct shard *oldest = NULL;
    for (unsigned i = 0; i < store->directory.shard_count; i++) {
        struct shard *shard = store->shards[i];
        if (shard != NULL && !shard->is_pending && (oldest == NULL || shard->used < oldest->used))
            oldest = shard;
    }
    if (oldest != NULL)
        forget(store, oldest);
}

/* The generation that the marker names, and durable up to its end if this process is to rely on it: what
 * somebody's failed fdatasync has dropped from the kernel's list is put there again. */
static enum err open_journal(struct shard *shard, const struct marker *marker)
{
    if (shard->journal.fd >= 0 && shard->journal.generation == marker->generation)
        return ERR_OK;
    journal_close(&shard->journal);
    enum err e = journal_open(&shard->journal, shard->dir, owner_of(shard), marker->generation,
                              shard->is_read_only);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    uint64_t durable = marker_durable_end(&shard->file, marker->generation);
    if (durable < marker->end)
        e = scan_check(&shard->journal, durable,
                       (struct journal_end){.place = marker->end, .tag = marker->tag});
    if (!e && durable < marker->end && !shard->is_read_only)
        e = journal_rewrite(&shard->journal, durable, marker->end);
    return e;
}

/* ERR_OK: marker, log and index belong together, all are open, and shard->marker is right. ERR_DAMAGED or
 * ERR_NOT_FOUND: they don't, or aren't there. */
static enum err check_trust(struct shard *shard)
{
    struct marker marker;
    struct stat st;
    enum err e = marker_read(&shard->file, &marker);
    if (e)
        return e;
    if ((marker.flags & MARKER_TRUSTED) == 0)
        return ERR_DAMAGED;
    e = open_journal(shard, &marker);
    if (!e)
        e = journal_check_end(&shard->journal,
                              (struct journal_end){.place = marker.end, .tag = marker.tag});
    if (e)
        return e;
    if (fstatat(shard->dir, INDEX_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !marker_is_index(&marker, &st))
        return ERR_DAMAGED;
    if (memcmp(&marker, &shard->marker, sizeof(marker)) != 0) {
        index_drop(shard->index); /* somebody else wrote to the file under it */
        shard->index = NULL;
        shard->marker = marker;
    }
    if (shard->index != NULL)
        return ERR_OK;
    if (shard->is_read_only)
        return index_open_read_only(&shard->index, shard->dir, INDEX_NAME, &shard->store->keys);
    return index_open(&shard->index, shard->dir, INDEX_NAME, &shard->store->keys, false);
}

static enum err make_ready(struct shard *shard, bool may_create)
{
    enum err e = check_trust(shard);
    if (e != ERR_DAMAGED && e != ERR_NOT_FOUND)
        return e;
    if (shard->is_read_only)
        return ERR_READ_ONLY;
    e = rebuild_shard(shard);
    if (e == ERR_NOT_FOUND && may_create) {
        e = journal_create(shard->dir, owner_of(shard), 1);
        if (!e)
            e = rebuild_shard(shard);
    }
    return e;
}

static enum err lock(struct shard *shard)
{
    struct stat st;
    enum err e = lock_take(shard->file.fd);
    if (e == ERR_BUSY)
        log_event(LOG_LEVEL_WARNING, "shard_busy", "shard=%u", shard->number);
    if (e)
        return e;
    if (fstatat(shard->dir, "lock", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == shard->lock_device && st.st_ino == shard->lock_inode)
        return ERR_OK;
    lock_release(shard->file.fd);
    return REPLACED;
}

static void unlock(struct shard *shard)
{
    if (shard->need < shard->marker.end)
        shard->need = shard->marker.end;
    shard->is_pending = true;
    lock_release(shard->file.fd);
}

/* The index is as good as none: said in the marker, so that whoever comes next builds it again. */
static void distrust(struct shard *shard)
{
    index_drop(shard->index);
    shard->index = NULL;
    shard->marker.flags &= ~MARKER_TRUSTED;
    enum err e = marker_write(&shard->file, &shard->marker);
    if (e)
        log_event(LOG_LEVEL_ERROR, "marker_write_failed", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
}

static enum err run_locked(struct shard *shard, bool may_create, shard_action *action,
                           void *context)
{
    enum err e = make_ready(shard, may_create);
    if (e)
        return e;
    e = action(shard, context);
    if (e != ERR_DAMAGED || shard->is_read_only)
        return e;
    log_event(LOG_LEVEL_WARNING, "index_contradicts_log", "shard=%u", shard->number);
    e = rebuild_shard(shard);
    return e ? e : action(shard, context);
}

enum err shard_run(struct store *store, const char *user, bool may_create, shard_action *action,
                   void *context)
{
    struct gdbm_store *k = keeper_of(store);
    unsigned number = keys_shard(&k->keys, user, k->directory.shard_count);
    enum err e = REPLACED;
    for (int tries = 0; e == REPLACED && tries < 3; tries++) {
        e = k->shards[number] != NULL ? ERR_OK : shard_open(k, number, may_create);
        if (e)
            return e;
        e = lock(k->shards[number]);
        if (e == REPLACED) {
            k->has_lost |= k->shards[number]->is_pending;
            forget(k, k->shards[number]);
        }
    }
    if (e)
        return e == REPLACED ? ERR_BUSY : e;
    struct shard *shard = k->shards[number];
    shard->used = ++k->clock;
    e = run_locked(shard, may_create, action, context);
    unlock(shard);
    return e;
}

struct shard *shard_last(struct store *store, const char *user)
{
    struct gdbm_store *k = keeper_of(store);
    return k->shards[keys_shard(&k->keys, user, k->directory.shard_count)];
}

enum err shard_check_room(const struct shard *shard)
{
    struct statvfs fs;
    if (shard->is_read_only || (shard->marker.flags & MARKER_FAILED) != 0)
        return ERR_READ_ONLY;
    if (fstatvfs(shard->file.fd, &fs) == 0 && fs.f_bavail * fs.f_frsize < ROOM_LEFT)
        return ERR_NO_SPACE;
    return ERR_OK;
}

/* Applies what was just appended, and leaves index and marker as they shall be found. */
static enum err apply_appended(struct shard *shard, struct journal_end end,
                               const struct apply_record *record)
{
    struct marker marker = shard->marker;
    struct stat st;
    enum err e = apply_to_index(shard->index, &marker, record);
    if (!e)
        e = index_flush(shard->index);
    if (!e)
        e = index_stat(shard->index, &st);
    if (e)
        return e;
    marker.end = end.place;
    marker.tag = end.tag;
    marker_set_index(&marker, &st);
    e = marker_write(&shard->file, &marker);
    if (!e)
        shard->marker = marker;
    return e;
}

/* Rule 3: the record that wasn't applied must not come back with the next rebuild. */
static void take_back(struct shard *shard, uint64_t place)
{
    distrust(shard);
    enum err e = journal_void(&shard->journal, place);
    if (e) {
        log_event(LOG_LEVEL_ERROR, "record_void_failed", "shard=%u place=%llu error=\"%s\"",
                  shard->number, (unsigned long long)place, err_text(e));
        shard->marker.flags |= MARKER_FAILED;
        distrust(shard);
    }
}

enum err shard_commit(struct shard *shard, const struct journal_append *record)
{
    if (shard->is_read_only || (shard->marker.flags & MARKER_FAILED) != 0)
        return ERR_READ_ONLY;
    struct journal_end end = {.place = shard->marker.end, .tag = shard->marker.tag};
    enum err e = journal_append(&shard->journal, &end, record);
    if (e)
        return e;
    const struct apply_record applied = {.place = shard->marker.end,
                                         .size = end.place - shard->marker.end,
                                         .head = {.type = (uint8_t)record->type,
                                                  .flags = record->flags,
                                                  .time = record->time},
                                         .fixed = record->fixed,
                                         .rest = record->rest};
    e = apply_appended(shard, end, &applied);
    if (e)
        take_back(shard, applied.place);
    return e;
}

uint64_t shard_expiry_now(const struct shard *shard)
{
    struct timespec running = {0};
    clock_gettime(CLOCK_BOOTTIME, &running);
    uint64_t wall = clock_wall();
    uint64_t most = shard->marker.last_time + (uint64_t)running.tv_sec + DAY;
    return wall < most ? wall : most;
}

void shard_set_failed(struct shard *shard)
{
    struct marker marker;
    if (lock_take(shard->file.fd))
        return;
    if (!marker_read(&shard->file, &marker)) {
        marker.flags |= MARKER_FAILED;
        if (marker_write(&shard->file, &marker))
            log_event(LOG_LEVEL_ERROR, "failed_flag_lost", "shard=%u", shard->number);
    }
    lock_release(shard->file.fd);
}
