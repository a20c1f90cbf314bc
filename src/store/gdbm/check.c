/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything in a shard is read and compared: the log with its chain, the index with one that is made anew
 * from the log. Invariant: without leave to repair nothing is changed, and with it nothing is lost that
 * isn't kept aside first. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/compact.h"
#include "store/gdbm/original.h"
#include "store/gdbm/place.h"
#include "store/gdbm/rebuild.h"
#include "store/gdbm/scan.h"
#include "store/gdbm/snapshot.h"

#include "base/banned.h"

#define CHECK_NAME "index.check"

struct check {
    struct operate_check *result;
    int dir;
    unsigned number;
    bool is_begun;
    bool is_in_memory;     /* `made` is */
    enum err error;        /* kept here: shard_run would answer ERR_DAMAGED by a rebuild */
    struct journal log;    /* the log, and */
    struct index *was;     /* a copy of the index, both as they were at */
    struct marker counted; /* the marker's end */
    struct index *made;    /* from the log */
    struct marker marker;
};

static enum err begin(struct shard *shard, void *context)
{
    struct check *c = context;
    c->is_begun = true;
    c->counted = shard->marker;
    c->dir = openat(shard->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    c->error = c->dir < 0 ? ERR_IO : ERR_OK;
    if (!c->error)
        c->error = journal_open(&c->log, c->dir, shard_owner(shard), c->counted.generation, true);
    if (!c->error)
        c->error = snapshot_index(&c->was, shard);
    if (!c->error) { /* here, so that two checks at once don't get the same file */
        const struct keys *keys = &shard->store->keys;
        c->is_in_memory = shard->is_read_only;
        c->error = c->is_in_memory ? index_open_in_memory(&c->made, c->dir, keys)
                                   : index_open(&c->made, c->dir, CHECK_NAME, keys, true);
        unlinkat(c->dir, CHECK_NAME, 0);
    }
    return ERR_OK;
}

/* A lost record leaves the rest to be read, but what it would have done to the index is unknown. */
static enum err take(struct check *c, const struct scan_record *scanned)
{
    struct apply_record record = {.place = scanned->place,
                                  .size = scanned->size,
                                  .head = scanned->head};
    c->result->records++;
    if (scanned->is_lost || scanned->is_mended) {
        c->result->lost_records++;
        log_event(LOG_LEVEL_ERROR, "log_damaged",
                  "shard=%u file=log.%" PRIu64 " from=%" PRIu64 " to=%" PRIu64, c->number,
                  c->log.generation, scanned->place, scanned->place + scanned->size);
    }
    if (scanned->is_lost)
        return ERR_OK;
    enum err e = apply_split(&record, scanned->payload);
    if (!e)
        e = apply_to_index(c->made, &c->marker, &record);
    if (e == ERR_DAMAGED && c->result->lost_records > 0)
        return ERR_OK;
    return e;
}

static enum err read_log(struct check *c)
{
    struct scan scan;
    struct scan_record record;
    uint64_t end = c->counted.end;
    enum err e = ERR_OK;
    scan_open(&scan, &c->log, end);
    while (!e && scan.end.place < end) {
        e = scan_next(&scan, &record);
        if (!e)
            e = take(c, &record);
    }
    c->marker.tag = scan.end.tag;
    scan_close(&scan);
    if (!e)
        e = index_flush(c->made);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

static enum err compare(struct check *c)
{
    struct operate_check *result = c->result;
    const struct marker *a = &c->counted;
    const struct marker *b = &c->marker;
    if (result->lost_records > 0)
        return ERR_OK; /* an index without them can't be the same */
    enum err e = index_compare(c->made, c->was, &result->differences);
    const bool wrong[] = {a->records != b->records,       a->live_records != b->live_records,
                          a->live_bytes != b->live_bytes, a->memories != b->memories,
                          a->waiting != b->waiting,       a->waiting_bytes != b->waiting_bytes,
                          a->serial != b->serial,         a->last_time != b->last_time,
                          a->last_age != b->last_age,     a->tag != b->tag};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        result->differences += wrong[i];
    if (!e && result->differences > 0)
        log_event(LOG_LEVEL_ERROR, "index_differs", "shard=%u entries=%" PRIu64, c->number,
                  result->differences);
    return e;
}

/* Of a shard on a medium that can't be written, without an index that could be compared. */
static enum err inspect_medium(struct check *c, struct gdbm_store *k)
{
    struct original o;
    enum err e = original_open(&o, k, c->number);
    c->log = o.log;
    c->counted.end = o.end;
    if (e || o.lost > 0) {
        c->result->records = o.records;
        c->result->lost_records = o.lost;
        return e;
    }
    c->marker = (struct marker){.serial = 1};
    e = index_open_in_memory(&c->made, k->directory.shards, &k->keys);
    return e ? e : read_log(c);
}

/* A full disk has no room for an index made anew: then memory has. */
static enum err read_log_in_memory(struct check *c, struct gdbm_store *k)
{
    index_drop(c->made);
    c->made = NULL;
    c->is_in_memory = true;
    *c->result = (struct operate_check){.verdict = OPERATE_CLEAN};
    c->marker = (struct marker){.serial = 1};
    enum err e = index_open_in_memory(&c->made, c->dir, &k->keys);
    return e ? e : read_log(c);
}

static enum err inspect(struct check *c, struct gdbm_store *k)
{
    k->is_raw = true;
    enum err e = shard_run_in(k, c->number, false, begin, c);
    k->is_raw = false;
    if (e == ERR_READ_ONLY && !c->is_begun)
        return inspect_medium(c, k);
    if (!e)
        e = c->error;
    c->marker = (struct marker){.serial = 1};
    if (!e)
        e = read_log(c);
    if (e == ERR_NO_SPACE && c->was != NULL && !c->is_in_memory)
        e = read_log_in_memory(c, k);
    return e ? e : compare(c);
}

/* A second name for the file as it is: a repair replaces it and changes nothing in it. */
static enum err keep(const struct check *c, const char *name)
{
    struct stat st;
    char *kept = c->result->kept;
    for (unsigned i = 1; i < 1000; i++) {
        snprintf(kept, sizeof(c->result->kept), "kept.%u.%s", i, name);
        if (linkat(c->dir, name, c->dir, kept, 0) == 0) {
            if (fstatat(c->dir, kept, &st, AT_SYMLINK_NOFOLLOW) == 0)
                c->result->kept_bytes = (uint64_t)st.st_size;
            return ERR_OK;
        }
        if (errno != EEXIST)
            break;
    }
    enum err e = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    kept[0] = '\0';
    log_event(LOG_LEVEL_ERROR, "keep_failed", "shard=%u file=%s errno=%d", c->number, name, errno);
    return e;
}

/* A rebuild writes over the index's front in its place, so that is copied, under the same number. One that can't be
 * read is no reason to leave the index wrong. */
static void keep_front(const struct check *c)
{
    struct front_image image;
    char name[sizeof(c->result->kept)];
    const char *kept = c->result->kept;
    snprintf(name, sizeof(name), "%.*s%s", (int)(strlen(kept) - strlen(INDEX_NAME)), kept,
             FRONT_NAME);
    int from = openat(c->dir, FRONT_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return;
    ssize_t n = place_read(from, &image, sizeof(image), 0);
    int to = openat(c->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (n < 0 || to < 0 || !place_write(to, &image, (size_t)n, 0))
        log_event(LOG_LEVEL_WARNING, "keep_failed", "shard=%u file=%s errno=%d", c->number,
                  FRONT_NAME, errno);
    if (to >= 0)
        close(to);
    close(from);
}

/* Of a repair that failed, where the file is still in its place: its second name keeps nothing. */
static void keep_no_more(const struct check *c)
{
    struct stat kept, st;
    const char *name = c->result->kept;
    const char *second = strchr(name, '.');
    const char *original = second == NULL ? NULL : strchr(second + 1, '.');
    if (original != NULL && fstatat(c->dir, name, &kept, AT_SYMLINK_NOFOLLOW) == 0 &&
        fstatat(c->dir, original + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == kept.st_dev &&
        st.st_ino == kept.st_ino)
        unlinkat(c->dir, name, 0);
}

static enum err rebuild(struct shard *shard, void *context)
{
    struct check *c = context;
    c->error = keep(c, INDEX_NAME);
    if (!c->error) {
        keep_front(c);
        c->error = rebuild_shard(shard);
    }
    return ERR_OK;
}

static enum err repair(struct check *c, struct gdbm_store *k)
{
    char name[JOURNAL_NAME];
    if (c->result->lost_records == 0) {
        enum err e = shard_run_in(k, c->number, false, rebuild, c);
        return e ? e : c->error;
    }
    const struct compact_order order = {.is_forced = true, .may_lose = true};
    struct compact_outcome outcome;
    journal_name(name, c->counted.generation, "");
    enum err e = keep(c, name);
    return e ? e : compact_shard(k, c->number, &order, &outcome);
}

static void clean_up(struct check *c)
{
    index_drop(c->was);
    index_drop(c->made);
    journal_close(&c->log);
    if (c->dir >= 0)
        close(c->dir);
}

enum err check_shard(struct store *store, unsigned shard, bool may_repair,
                     struct operate_check *result)
{
    struct gdbm_store *k = keeper_of(store);
    struct check c = {.result = result, .dir = -1, .number = shard, .log = JOURNAL_CLOSED};
    *result = (struct operate_check){.verdict = OPERATE_CLEAN};
    enum err e = inspect(&c, k);
    bool is_clean = !e && result->lost_records == 0 && result->differences == 0;
    if ((!e || e == ERR_DAMAGED) && !is_clean) {
        result->verdict = OPERATE_DAMAGED;
        enum err repaired = may_repair && c.is_begun ? repair(&c, k) : ERR_DAMAGED;
        if (!repaired)
            result->verdict = OPERATE_REPAIRED;
        else
            keep_no_more(&c);
        e = repaired == ERR_DAMAGED ? ERR_OK : repaired;
    }
    clean_up(&c);
    return e;
}
