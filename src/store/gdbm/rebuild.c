/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the log to the index. Invariant: the old index is replaced only by a whole new one, and the log is
 * only read; whoever is killed in the middle has done nothing. */
#include "store/gdbm/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

#define NEW_NAME "index.new"

struct rebuild {
    struct shard *shard;
    bool had_marker; /* of this boot */
    struct marker old;
    struct marker marker;
    uint64_t durable;
    uint64_t known_end;
    struct index *index;
};

static bool has_index(const struct shard *shard)
{
    struct stat st;
    return fstatat(shard->dir, INDEX_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum err find_log(struct rebuild *r)
{
    struct shard *shard = r->shard;
    const struct journal_owner owner = {.store_id = shard->store->directory.store_id,
                                        .shard = shard->number};
    uint64_t generation = r->old.generation;
    enum err e = r->had_marker ? ERR_OK : journal_find(shard->dir, owner, &generation);
    if (!e) {
        journal_close(&shard->journal);
        e = journal_open(&shard->journal, shard->dir, owner, generation, false);
    }
    if (e == ERR_NOT_FOUND && (r->had_marker || has_index(shard))) {
        log_event(LOG_LEVEL_ERROR, "log_missing", "shard=%u generation=%" PRIu64, shard->number,
                  generation);
        return ERR_DAMAGED;
    }
    return e;
}

/* How far the log must reach: what isn't durable may be missing after a loss of power, but nothing that the
 * marker of this boot or the durable end speaks of. */
static enum err find_ends(struct rebuild *r)
{
    const struct shard *shard = r->shard;
    r->durable = marker_durable_end(&shard->file, shard->journal.generation);
    r->known_end = r->durable;
    if (r->had_marker && r->old.end > r->known_end)
        r->known_end = r->old.end;
    if (r->known_end <= shard->journal.size)
        return ERR_OK;
    log_event(LOG_LEVEL_ERROR, "log_cut_short",
              "shard=%u generation=%" PRIu64 " size=%" PRIu64 " known_end=%" PRIu64, shard->number,
              shard->journal.generation, shard->journal.size, r->known_end);
    return ERR_DAMAGED;
}

/* A full disk may have room for one index: then the old one goes first, unless it still serves. */
static enum err open_new_index(struct rebuild *r)
{
    const struct shard *shard = r->shard;
    const struct keys *keys = &shard->store->keys;
    enum err e = index_open(&r->index, shard->dir, NEW_NAME, keys, true);
    if (e == ERR_NO_SPACE && shard->index == NULL && unlinkat(shard->dir, INDEX_NAME, 0) == 0)
        e = index_open(&r->index, shard->dir, NEW_NAME, keys, true);
    return e;
}

/* Without a PUT a message is gone, without an ACK one comes back that its reader recognises: said, and
 * the rest goes on. Without an account's record a name could get another owner: that is for a person. */
static enum err take_lost(const struct rebuild *r, const struct scan_record *record)
{
    uint8_t type = record->head.type;
    bool is_message = (type == RECORD_PUT || type == RECORD_ACK) &&
                      journal_record_size(record->head.length) == record->size;
    log_event(LOG_LEVEL_ERROR, "log_damaged",
              "shard=%u file=log.%" PRIu64 " from=%" PRIu64 " to=%" PRIu64 " lost=%s",
              r->shard->number, r->shard->journal.generation, record->place,
              record->place + record->size,
              !is_message          ? "unknown"
              : type == RECORD_PUT ? "message"
                                   : "acknowledgement");
    return is_message ? ERR_OK : ERR_DAMAGED;
}

/* A record that is whole but for its tag: with the right one it can be read again. */
static enum err mend(const struct rebuild *r, struct journal_end end)
{
    log_event(LOG_LEVEL_WARNING, "log_mended", "shard=%u file=log.%" PRIu64 " place=%" PRIu64,
              r->shard->number, r->shard->journal.generation, end.place - sizeof(end.tag));
    enum err e = journal_mend(&r->shard->journal, end);
    if (!e && fdatasync(r->shard->journal.fd) != 0)
        e = journal_failed(&r->shard->journal, "fdatasync");
    return e;
}

static enum err apply_scanned(struct rebuild *r, const struct scan_record *scanned)
{
    if (scanned->is_lost)
        return take_lost(r, scanned);
    struct apply_record record = {.place = scanned->place,
                                  .size = scanned->size,
                                  .head = scanned->head};
    enum err e = apply_split(&record, scanned->payload);
    if (!e)
        e = apply_to_index(r->index, &r->marker, &record);
    if (e == ERR_DAMAGED || e == ERR_UNSUPPORTED)
        log_event(LOG_LEVEL_ERROR, "record_refused",
                  "shard=%u file=log.%" PRIu64 " place=%" PRIu64 " type=%u error=\"%s\"",
                  r->shard->number, r->shard->journal.generation, scanned->place,
                  scanned->head.type, err_text(e));
    return e;
}

static enum err apply_all(struct rebuild *r)
{
    struct scan scan;
    struct scan_record record;
    scan_open(&scan, &r->shard->journal, r->known_end);
    enum err e = ERR_OK;
    while (!e) {
        e = scan_next(&scan, &record);
        if (!e && record.is_mended)
            e = mend(r, scan.end);
        if (!e)
            e = apply_scanned(r, &record);
    }
    r->marker.end = scan.end.place;
    r->marker.tag = scan.end.tag;
    scan_close(&scan);
    if (e != ERR_NOT_FOUND)
        return e;
    return r->marker.records < r->shard->journal.births ? ERR_DAMAGED : index_flush(r->index);
}

static enum err sync_directory(const struct shard *shard, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e =
        fd < 0 || fsync(fd) != 0 ? journal_failed(&shard->journal, "fsync of a directory") : ERR_OK;
    if (fd >= 0)
        close(fd);
    return e;
}

/* The names of a log that nobody has yet found durable, from the file's up to the store's. Its maker may have
 * died before it synced them, and nobody after this one would. */
static enum err sync_names(const struct shard *shard)
{
    int store = shard->store->directory.fd;
    enum err e = sync_directory(shard, shard->dir, ".");
    if (!e)
        e = sync_directory(shard, shard->dir, "..");
    if (!e)
        e = sync_directory(shard, store, ".");
    /* The directory above may be closed to us; then whoever let us into the store has made that entry. */
    if (!e && faccessat(store, "..", R_OK, AT_EACCESS) == 0)
        e = sync_directory(shard, store, "..");
    return e;
}

/* Everything that the new marker speaks of is durable from here on. */
static void sync_log(struct rebuild *r)
{
    struct journal *j = &r->shard->journal;
    uint64_t from = r->durable > 0 ? r->durable : journal_start(j).place;
    enum err e = r->durable > 0 ? ERR_OK : sync_names(r->shard);
    if (!e)
        e = journal_rewrite(j, from, r->marker.end);
    if (!e && fdatasync(j->fd) != 0)
        e = journal_failed(j, "fdatasync");
    if (!e)
        e = marker_raise_durable(&r->shard->file, j->generation, r->marker.end);
    if (e)
        r->marker.flags |= MARKER_FAILED;
}

static enum err switch_index(struct rebuild *r)
{
    struct shard *shard = r->shard;
    struct stat st;
    if (renameat(shard->dir, NEW_NAME, shard->dir, INDEX_NAME) != 0)
        return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    index_drop(shard->index);
    shard->index = r->index;
    r->index = NULL;
    enum err e = index_stat(shard->index, &st);
    if (e)
        return e;
    marker_set_index(&r->marker, &st);
    e = marker_write(&shard->file, &r->marker);
    if (!e)
        shard->marker = r->marker;
    return e;
}

static enum err rebuild(struct rebuild *r)
{
    enum err e = marker_read(&r->shard->file, &r->old);
    if (e && e != ERR_NOT_FOUND)
        return e;
    r->had_marker = !e;
    e = find_log(r);
    if (!e)
        e = find_ends(r);
    if (!e)
        e = open_new_index(r);
    if (e)
        return e;
    r->marker = (struct marker){.generation = r->shard->journal.generation,
                                .flags = MARKER_TRUSTED,
                                .serial = 1};
    if (r->had_marker)
        r->marker.flags |= r->old.flags & MARKER_FAILED;
    e = apply_all(r);
    if (e)
        return e;
    sync_log(r);
    return switch_index(r);
}

enum err rebuild_shard(struct shard *shard)
{
    struct rebuild r = {.shard = shard};
    sigset_t work; /* rule 13: what must finish isn't ended by a hang-up */
    sigset_t before;
    sigemptyset(&work);
    sigaddset(&work, SIGHUP);
    sigaddset(&work, SIGTERM);
    sigaddset(&work, SIGPIPE);
    sigprocmask(SIG_BLOCK, &work, &before);
    uint64_t start = clock_monotonic_ms();
    enum err e = rebuild(&r);
    if (r.index != NULL) {
        index_drop(r.index);
        unlinkat(shard->dir, NEW_NAME, 0);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!e && shard->marker.records > 0)
        log_event(LOG_LEVEL_INFO, "index_rebuilt", "shard=%u records=%" PRIu64 " ms=%" PRIu64,
                  shard->number, shard->marker.records, clock_monotonic_ms() - start);
    return e;
}
