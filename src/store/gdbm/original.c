/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a backup copies of a shard. Invariant: the log up to the end that is given is whole, or what it lacks
 * was named and is no account; a restore so finds what a session would. */
#include "store/gdbm/original.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/generation.h"
#include "store/gdbm/made.h"
#include "store/gdbm/scan.h"
#include "store/gdbm/shard.h"

#include "base/banned.h"

struct work {
    struct original *original;
    enum err error; /* kept here: shard_run would answer ERR_DAMAGED by a rebuild */
};

static enum err note(struct shard *shard, void *context)
{
    struct work *work = context;
    struct original *o = work->original;
    o->end = shard->marker.end;
    work->error = journal_open(&o->log, shard->dir, o->owner, shard->marker.generation, true);
    return ERR_OK;
}

/* What the lock file tells of the log's end. One that is missing tells what a new one would: nothing. */
static struct marker_origin read_origin(const struct gdbm_store *k, int dir, unsigned shard,
                                        uint64_t generation)
{
    struct marker_origin origin = {.is_this_boot = true};
    struct stat st;
    int fd = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        const struct marker_file file = marker_file(k, shard, fd, &st);
        origin = marker_origin(&file, generation);
    }
    if (fd >= 0)
        close(fd);
    return origin;
}

/* As a rebuild does: only what is no account may be left out. What is mended here is mended once more by
 * whoever opens the copy. */
static enum err take_lost(struct original *o, const struct scan_record *record)
{
    const char *lost = apply_lost(record->head.type);
    if (journal_record_size(record->head.length) != record->size)
        lost = NULL;
    o->lost++;
    log_event(LOG_LEVEL_ERROR, "log_damaged",
              "shard=%u file=log.%" PRIu64 " from=%" PRIu64 " to=%" PRIu64 " lost=%s",
              o->owner.shard, o->log.generation, record->place, record->place + record->size,
              record->is_mended ? "nothing"
              : lost != NULL    ? lost
                                : "unknown");
    return lost != NULL || record->is_mended ? ERR_OK : ERR_DAMAGED;
}

static enum err cut_short(const struct original *o, uint64_t known_end)
{
    log_event(LOG_LEVEL_ERROR, "log_cut_short",
              "shard=%u generation=%" PRIu64 " size=%" PRIu64 " known_end=%" PRIu64, o->owner.shard,
              o->log.generation, o->log.size, known_end);
    return ERR_DAMAGED;
}

static enum err find_end(struct original *o, const struct marker_origin *origin)
{
    struct scan scan;
    struct scan_record record;
    enum err e = ERR_OK;
    if (origin->durable > o->log.size)
        return cut_short(o, origin->durable);
    scan_open(&scan, &o->log, origin->durable);
    scan.doubted_end = origin->is_this_boot ? UINT64_MAX : origin->heard;
    scan.heard_end = origin->heard;
    while (!e) {
        e = scan_next(&scan, &record);
        o->records += !e;
        if (!e && record.is_lost)
            e = take_lost(o, &record);
    }
    o->end = scan.end.place;
    scan_close(&scan);
    if (e != ERR_NOT_FOUND)
        return e;
    return o->records < o->log.births ? cut_short(o, 0) : ERR_OK;
}

enum err original_check(struct original *o, struct journal_end from)
{
    struct scan scan;
    struct scan_record record;
    enum err e = ERR_OK;
    scan_open(&scan, &o->log, o->end);
    if (from.place > scan.end.place)
        scan.end = from;
    while (!e && scan.end.place < o->end) {
        e = scan_next(&scan, &record);
        o->records += !e;
        if (!e && (record.is_lost || record.is_mended))
            e = take_lost(o, &record);
    }
    scan_close(&scan);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

/* Nobody can be writing there, so no lock is needed. */
static enum err read_medium(struct original *o, const struct gdbm_store *k)
{
    char name[16];
    uint64_t generation = 0;
    snprintf(name, sizeof(name), "%u", o->owner.shard);
    int dir = openat(k->directory.shards, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum err e = dir < 0 ? ERR_IO : generation_find(dir, o->owner, &generation);
    if (!e)
        e = journal_open(&o->log, dir, o->owner, generation, true);
    if (!e) {
        const struct marker_origin origin = read_origin(k, dir, o->owner.shard, generation);
        e = find_end(o, &origin);
    }
    if (dir >= 0)
        close(dir);
    if (e == ERR_NOT_FOUND && made_is_noted(k->directory.shards, o->owner.shard)) {
        log_event(LOG_LEVEL_ERROR, "log_missing", "shard=%u", o->owner.shard);
        e = ERR_DAMAGED;
    }
    return e;
}

enum err original_open(struct original *o, struct gdbm_store *store, unsigned shard)
{
    struct work work = {.original = o};
    *o = (struct original){.log = JOURNAL_CLOSED,
                           .owner = {.store_id = store->directory.store_id, .shard = shard}};
    enum err e = shard_run_in(store, shard, false, note, &work);
    if (e == ERR_READ_ONLY)
        return read_medium(o, store);
    return e ? e : work.error;
}

void original_close(struct original *o)
{
    journal_close(&o->log);
}
