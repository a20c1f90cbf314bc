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
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/failed.h"
#include "store/gdbm/lock.h"
#include "store/gdbm/made.h"
#include "store/gdbm/rebuild.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

/* A private code of this file: the lock file was replaced while we waited for it. */
#define REPLACED ERR_CLOSED

struct journal_owner shard_owner(const struct shard *shard)
{
    return (struct journal_owner){.store_id = shard->store->directory.store_id,
                                  .shard = shard->number};
}

void shard_close(struct shard *shard)
{
    if (shard == NULL)
        return;
    index_drop(shard->index);
    index_drop(shard->view.index);
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

/* ERR_IO, since ERR_DENIED is about the store's users. */
static enum err check_owner(const struct shard *shard)
{
    struct stat st;
    if (fstat(shard->dir, &st) != 0)
        return open_failed(shard, "directory");
    if (st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return ERR_OK;
    log_event(LOG_LEVEL_ERROR, "shard_not_ours",
              "shard=%u owner=%u mode=%o do=\"chown -R it to user %u, and chmod go-w it\"",
              shard->number, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777,
              (unsigned)geteuid());
    return ERR_IO;
}

static enum err open_directory(struct shard *shard, bool may_create)
{
    char name[16];
    int shards = shard->store->directory.shards;
    snprintf(name, sizeof(name), "%u", shard->number);
    shard->dir = openat(shards, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (shard->dir < 0 && errno == ENOENT && made_is_noted(shards, shard->number)) {
        log_event(LOG_LEVEL_ERROR, "shard_missing",
                  "shard=%u do=\"restore its directory from the backup\"", shard->number);
        return ERR_DAMAGED;
    }
    if (shard->dir < 0 && errno == ENOENT && may_create) {
        if (mkdirat(shards, name, 0700) != 0 && errno != EEXIST)
            return open_failed(shard, "mkdir");
        shard->dir = openat(shards, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return shard->dir < 0 ? open_failed(shard, "directory") : check_owner(shard);
}

/* The lock file belongs to the directory: where that is, a lost one is made again. */
static enum err open_files(struct shard *shard, bool may_create)
{
    enum err e = open_directory(shard, may_create);
    if (e)
        return e;
    int flags = O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(shard->dir, "lock", flags | O_RDWR);
    if (fd < 0 && errno == ENOENT) {
        shard->is_lock_new = true;
        fd = openat(shard->dir, "lock", flags | O_RDWR | O_CREAT, 0600);
    }
    if (fd < 0 && (errno == EROFS || errno == EACCES)) {
        shard->is_read_only = true;
        log_event(LOG_LEVEL_INFO, "shard_read_only",
                  "shard=%u do=\"mount it for writing, or chmod u+w it\"", shard->number);
        fd = openat(shard->dir, "lock", flags | O_RDONLY);
        if (fd < 0 && errno == ENOENT)
            return ERR_READ_ONLY; /* there is a shard, and it needs one */
    }
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0)
        e = open_failed(shard, "lock");
    shard->file = marker_file(shard->store, shard->number, fd, &st);
    shard->lock_device = st.st_dev;
    shard->lock_inode = st.st_ino;
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

void shard_leave_journal(struct shard *shard, uint64_t generation)
{
    if (generation > shard->journal.generation)
        shard->need = 0;
    if (generation < shard->journal.generation)
        shard->store->has_lost |= shard->is_pending;
    journal_close(&shard->journal);
}

/* The generation that the marker names, and durable up to its end if this process is to rely on it: what
 * somebody's failed fdatasync has dropped from the kernel's list is put there again. */
static enum err open_journal(struct shard *shard, const struct marker *marker)
{
    if (shard->journal.fd >= 0 && shard->journal.generation == marker->generation)
        return ERR_OK;
    shard_leave_journal(shard, marker->generation);
    struct journal_owner owner = shard_owner(shard);
    owner.is_tried = true;
    enum err e =
        journal_open(&shard->journal, shard->dir, owner, marker->generation, shard->is_read_only);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    uint64_t durable = marker_durable_end(&shard->file, marker->generation);
    if (durable < marker->end)
        e = scan_check(&shard->journal, durable,
                       (struct journal_end){.place = marker->end, .tag = marker->tag});
    if (!e && durable < marker->end && !shard->is_read_only)
        e = journal_rewrite(&shard->journal, durable, marker->end);
    if (e)
        journal_close(&shard->journal); /* the next call shall do all this again */
    return e;
}

static enum err open_index(struct shard *shard)
{
    const struct keys *keys = &shard->store->keys;
    return shard->is_read_only ? index_open_read_only(&shard->index, shard->dir, INDEX_NAME, keys)
                               : index_open(&shard->index, shard->dir, INDEX_NAME, keys, false);
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
    if (shard->index != NULL && memcmp(&marker, &shard->marker, sizeof(marker)) == 0)
        return ERR_OK;
    if (!marker_is_same_index(&marker, &shard->marker)) {
        index_drop(shard->index); /* somebody else wrote to the file under it */
        shard->index = NULL;
    }
    shard->marker = marker;
    if (shard->index == NULL)
        e = open_index(shard);
    if (!e)
        e = index_load_front(shard->index, marker.front);
    if (e) { /* else the next call would take it for what the marker speaks of */
        index_drop(shard->index);
        shard->index = NULL;
    }
    return e;
}

/* A shard without a log is a new one. Its names become durable with its log: see rebuild.c. */
static enum err make_first_log(struct shard *shard)
{
    struct journal j = JOURNAL_CLOSED;
    enum err e = journal_begin(&j, shard->dir, shard_owner(shard), 1);
    if (!e)
        e = journal_complete(&j, 0);
    if (!e)
        e = journal_publish(&j, shard->dir);
    journal_abandon(&j, shard->dir);
    return e;
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
        e = make_first_log(shard);
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

/* What a compaction or a check has seen isn't told. Without a log there was nothing to see. */
static void unlock(struct shard *shard)
{
    if (!shard->store->is_raw) {
        if (shard->journal.fd >= 0 && shard->need < shard->marker.end)
            shard->need = shard->marker.end;
        shard->is_pending = true;
    }
    lock_release(shard->file.fd);
}

/* Locks the shard, opened anew where its lock file was replaced, and makes it ready. On an error it isn't
 * locked. */
static enum err lock_ready(struct gdbm_store *k, unsigned number, bool may_create)
{
    enum err e = REPLACED;
    if (k->shards[number] == NULL && k->shards_open >= KEEPER_SHARDS_MOST) {
        enum err settled = settle_store(&k->base);
        if (settled)
            return settled;
    }
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
    k->shards[number]->used = ++k->clock;
    e = make_ready(k->shards[number], may_create);
    if (e)
        lock_release(k->shards[number]->file.fd);
    return e;
}

static enum err run_locked(struct shard *shard, shard_action *action, void *context)
{
    bool is_failed = (shard->marker.flags & MARKER_FAILED) != 0;
    enum err e = ERR_OK;
    if (!is_failed)
        e = commit_age(shard);
    else if (!shard->store->is_raw)
        e = failed_begin_view(shard);
    if (e)
        return e;
    e = action(shard, context);
    if (e != ERR_DAMAGED || shard->is_read_only || shard->is_viewed)
        return e;
    log_event(LOG_LEVEL_WARNING, "index_contradicts_log", "shard=%u", shard->number);
    e = rebuild_shard(shard);
    return e ? e : action(shard, context);
}

enum err shard_run_in(struct gdbm_store *k, unsigned number, bool may_create, shard_action *action,
                      void *context)
{
    enum err e = lock_ready(k, number, may_create);
    while (!e && !k->is_raw && failed_is_to_leave(k->shards[number])) {
        lock_release(k->shards[number]->file.fd);
        failed_leave(k, number);
        e = lock_ready(k, number, may_create);
    }
    if (e)
        return e;
    struct shard *shard = k->shards[number];
    e = run_locked(shard, action, context);
    unlock(shard);
    failed_end_view(shard);
    return e;
}

enum err shard_run(struct store *store, const char *user, bool may_create, shard_action *action,
                   void *context)
{
    struct gdbm_store *k = keeper_of(store);
    return shard_run_in(k, keys_shard(&k->keys, user, k->directory.shard_count), may_create, action,
                        context);
}

struct shard *shard_last(struct store *store, const char *user)
{
    struct gdbm_store *k = keeper_of(store);
    return k->shards[keys_shard(&k->keys, user, k->directory.shard_count)];
}

void shard_distrust(struct shard *shard)
{
    index_drop(shard->index);
    shard->index = NULL;
    shard->marker.flags &= ~MARKER_TRUSTED;
    enum err e = marker_write(&shard->file, &shard->marker);
    if (e)
        log_event(LOG_LEVEL_ERROR, "marker_write_failed", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
}
