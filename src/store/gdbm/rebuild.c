/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the log to the index. Invariant: the old index is replaced only by a whole new one, and the log is
 * only read; whoever is killed in the middle has done nothing. */
#include "store/gdbm/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/ahead.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/finish.h"
#include "store/gdbm/generation.h"
#include "store/gdbm/made.h"
#include "store/gdbm/names.h"
#include "store/gdbm/place.h"
#include "store/gdbm/point.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

#define NEW_NAME "index.new"

struct rebuild {
    struct shard *shard;
    bool had_marker; /* of this boot */
    struct marker old;
    struct marker marker;
    struct marker_origin origin;
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
    const struct journal_owner owner = shard_owner(shard);
    uint64_t generation = r->old.generation;
    enum err e = r->had_marker ? ERR_OK : generation_find(shard->dir, owner, &generation);
    if (!e) {
        shard_leave_journal(shard, generation);
        e = journal_open(&shard->journal, shard->dir, owner, generation, false);
    }
    if (e == ERR_NOT_FOUND && (r->had_marker || has_index(shard) ||
                               made_is_noted(shard->store->directory.shards, shard->number))) {
        log_event(LOG_LEVEL_ERROR, "log_missing",
                  "shard=%u generation=%" PRIu64 " do=\"restore its directory from the backup\"",
                  shard->number, generation);
        return ERR_DAMAGED;
    }
    return e;
}

/* How far the log must reach: what isn't durable may be missing after a loss of power, but nothing that the
 * marker of this boot or the durable end speaks of. */
static enum err find_ends(struct rebuild *r)
{
    const struct shard *shard = r->shard;
    r->origin = marker_origin(&shard->file, shard->journal.generation);
    r->known_end = r->origin.durable;
    if (r->had_marker && r->old.end > r->known_end)
        r->known_end = r->old.end;
    if (r->known_end <= shard->journal.size)
        return ERR_OK;
    log_event(LOG_LEVEL_ERROR, "log_cut_short",
              "shard=%u generation=%" PRIu64 " size=%" PRIu64 " known_end=%" PRIu64, shard->number,
              shard->journal.generation, shard->journal.size, r->known_end);
    return ERR_DAMAGED;
}

/* Up to where a broken chain may still be damage, though nothing is known to be there. After a loss of power
 * whole records behind a break are no wonder; before the end that a copy's lock file calls durable, in a copy
 * made in this boot, and in a backup, they are. */
static uint64_t doubted_end(const struct rebuild *r)
{
    if (r->shard->is_lock_new || r->origin.is_this_boot)
        return UINT64_MAX;
    return r->origin.heard;
}

/* The end that was found becomes known: who comes after a reboot shall not take the damage before it for the
 * log's end. */
static void remember_end(struct rebuild *r, uint64_t known_end)
{
    const struct shard *shard = r->shard;
    if (known_end <= r->known_end)
        return;
    enum err e =
        fdatasync(shard->journal.fd) == 0 ? ERR_OK : journal_failed(&shard->journal, "fdatasync");
    if (!e)
        e = marker_set_durable(&shard->file, shard->journal.generation, known_end);
    if (e)
        log_event(LOG_LEVEL_WARNING, "durable_end_lags", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
}

static void tell_copied(const struct rebuild *r)
{
    bool is_short = r->marker.end < r->origin.heard;
    if (r->origin.is_copy)
        log_event(is_short ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "store_copied",
                  "shard=%u generation=%" PRIu64 " end=%" PRIu64 " lock_file_end=%" PRIu64,
                  r->shard->number, r->marker.generation, r->marker.end, r->origin.heard);
}

/* A full disk may have room for one index: then the old one goes first, unless it still serves. */
static bool has_made_way(const struct shard *shard, enum err e)
{
    return e == ERR_NO_SPACE && shard->index == NULL && unlinkat(shard->dir, INDEX_NAME, 0) == 0;
}

static enum err open_new_index(struct rebuild *r)
{
    const struct shard *shard = r->shard;
    const struct keys *keys = &shard->store->keys;
    enum err e = index_open(&r->index, shard->dir, NEW_NAME, keys, true);
    if (has_made_way(shard, e))
        e = index_open(&r->index, shard->dir, NEW_NAME, keys, true);
    return e;
}

static enum err write_new_index(struct rebuild *r)
{
    enum err e = index_flush(r->index);
    if (has_made_way(r->shard, e))
        e = index_flush(r->index);
    return e;
}

/* Without a PUT a message is gone, without an ACK one comes back that its reader recognises, without a USE an
 * invitation admits one more, and a VOID only noted the age: said, and the rest goes on. Without an account's record a name could get another owner: that
 * is for a person. */
static enum err take_lost(struct rebuild *r, const struct scan_record *record)
{
    const char *lost = apply_lost(record->head.type);
    if (journal_record_size(record->head.length) != record->size)
        lost = NULL;
    log_event(LOG_LEVEL_ERROR, "log_damaged",
              "shard=%u file=log.%" PRIu64 " from=%" PRIu64 " to=%" PRIu64 " lost=%s",
              r->shard->number, r->shard->journal.generation, record->place,
              record->place + record->size, lost == NULL ? "unknown" : lost);
    r->marker.records++;
    return lost != NULL ? ERR_OK : ERR_DAMAGED;
}

/* A record that is whole but for 8 bytes: with the right ones it can be read again. */
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
    scan.doubted_end = doubted_end(r);
    scan.heard_end = r->origin.heard;
    enum err e = ERR_OK;
    while (!e) {
        e = scan_next(&scan, &record);
        if (!e && record.is_mended)
            e = mend(r, record.mended);
        if (!e)
            e = apply_scanned(r, &record);
    }
    r->marker.end = scan.end.place;
    r->marker.tag = scan.end.tag;
    age_begin(&r->marker, r->had_marker ? &r->old : NULL);
    uint64_t known_end = scan.known_end;
    scan_close(&scan);
    tell_copied(r);
    if (e == ERR_DAMAGED)
        remember_end(r, known_end);
    if (e != ERR_NOT_FOUND)
        return e;
    return r->marker.records < r->shard->journal.births ? ERR_DAMAGED : write_new_index(r);
}

/* Behind the end only zeros are left: a loss of power may have left whole records there, and whoever looks
 * for damage in a copy would find them. */
static enum err clear_tail(struct journal *j, uint64_t end)
{
    static const uint8_t zeros[16384];
    uint8_t block[sizeof(zeros)];
    enum err e = journal_measure(j);
    while (!e && end < j->size) {
        size_t n = j->size - end < sizeof(block) ? (size_t)(j->size - end) : sizeof(block);
        ssize_t got = place_read(j->fd, block, n, end);
        if (got <= 0)
            return journal_failed(j, "pread");
        if (memcmp(block, zeros, (size_t)got) != 0 && !place_write(j->fd, zeros, (size_t)got, end))
            return journal_failed(j, "pwrite");
        end += (uint64_t)got;
    }
    return e;
}

/* A log that came here without zeros behind its end. */
static void give_headroom(const struct rebuild *r, struct journal *j)
{
    enum err e = ahead_give_headroom(j, r->marker.end);
    if (e)
        log_event(LOG_LEVEL_WARNING, "log_without_headroom", "shard=%u error=\"%s\"",
                  r->shard->number, err_text(e));
}

/* Before the durable end says that somebody may have been told. Of a shard of which it says so already, noted by
 * a version that didn't note any, more than trying isn't due. */
static enum err note_made(const struct rebuild *r)
{
    int shards = r->shard->store->directory.shards;
    if (r->origin.durable == 0)
        return made_note_again(shards, r->shard->number);
    enum err e = made_note(shards, r->shard->number);
    if (e)
        log_event(LOG_LEVEL_WARNING, "made_not_noted", "shard=%u error=\"%s\"", r->shard->number,
                  err_text(e));
    return ERR_OK;
}

/* Everything that the new marker speaks of is durable from here on, or the generation has failed. */
static enum err sync_log(struct rebuild *r)
{
    struct journal *j = &r->shard->journal;
    uint64_t durable = r->origin.durable;
    enum err noted = ERR_OK;
    enum err e = durable > 0 ? ERR_OK : names_sync_all(r->shard->dir);
    if (!e)
        e = clear_tail(j, r->marker.end);
    if (!e)
        e = journal_rewrite(j, durable > 0 ? durable : journal_start(j).place, r->marker.end);
    if (!e)
        give_headroom(r, j);
    if (!e && fdatasync(j->fd) != 0)
        e = journal_failed(j, "fdatasync");
    if (!e)
        noted = note_made(r);
    if (!e && !noted)
        e = marker_set_durable(&r->shard->file, j->generation, r->marker.end);
    if (e)
        r->marker.flags |= MARKER_FAILED;
    return noted;
}

static enum err switch_index(struct rebuild *r)
{
    struct shard *shard = r->shard;
    if (renameat(shard->dir, NEW_NAME, shard->dir, INDEX_NAME) != 0)
        return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    point_pass("rebuild: renamed");
    index_drop(shard->index);
    shard->index = r->index;
    r->index = NULL;
    enum err e = index_note(shard->index, &r->marker);
    if (!e)
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
    e = sync_log(r);
    point_pass("rebuild: synced");
    /* Before anything can be added to this log: a higher one would win over it after a loss of power. */
    if (!e && (r->marker.flags & MARKER_FAILED) == 0)
        e = generation_keep_only(r->shard->dir, r->marker.generation);
    return e ? e : switch_index(r);
}

enum err rebuild_shard(struct shard *shard)
{
    struct rebuild r = {.shard = shard};
    sigset_t before;
    finish_begin(&before);
    uint64_t start = clock_monotonic_ms();
    enum err e = rebuild(&r);
    /* A log that was opened only just now knows of no earlier error, so nothing may be settled by it. */
    if (e)
        journal_close(&shard->journal);
    if (r.index != NULL) {
        index_drop(r.index);
        unlinkat(shard->dir, NEW_NAME, 0);
    }
    finish_end(&before);
    if (!e && shard->marker.records > 0)
        log_event(LOG_LEVEL_NOTICE, "index_rebuilt", "shard=%u records=%" PRIu64 " ms=%" PRIu64,
                  shard->number, shard->marker.records, clock_monotonic_ms() - start);
    return e;
}
