/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The next generation. Invariant: at each moment exactly one log is the truth for whoever comes, and
 * whatever was told durable is in it: until the marker of the old generation is distrusted the old one, from
 * then on either, since nobody adds to the old one without first removing the new one (rebuild.c), and from
 * the new marker on the new one. */
#include "store/gdbm/compact.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/due.h"
#include "store/gdbm/finish.h"
#include "store/gdbm/generation.h"
#include "store/gdbm/made.h"
#include "store/gdbm/names.h"
#include "store/gdbm/point.h"
#include "store/gdbm/rebuild.h"
#include "store/gdbm/select.h"
#include "store/gdbm/snapshot.h"

#include "base/banned.h"

#define NEXT_INDEX   "index.next"
#define REST_SMALL   (UINT64_C(256) * 1024) /* what may be left to copy under the lock */
#define REST_ROUNDS  8
#define BUSY_SECONDS 60

struct compact {
    const struct compact_order *order;
    struct compact_outcome *outcome;
    int dir; /* the shard's directory: its handle may be replaced between two locks */
    bool is_begun;
    bool has_written;
    enum err error; /* kept here: shard_run would answer ERR_DAMAGED from an action by a rebuild */
    struct journal_end end; /* of the old log, as last seen */
    struct select select;
};

/* Whoever is at it for so long was stopped, and nobody else can begin. */
static void tell_busy(const struct compact *c, unsigned number, uint64_t generation)
{
    char name[JOURNAL_NAME];
    struct stat st;
    journal_name(name, generation, JOURNAL_UNBORN);
    if (fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        clock_wall() > (uint64_t)st.st_mtime + BUSY_SECONDS)
        log_event(LOG_LEVEL_WARNING, "compact_busy",
                  "shard=%u file=%s do=\"/proc/locks names the process by inode %llu: end it\"",
                  number, name, (unsigned long long)st.st_ino);
}

/* Where a full disk has no room for a copy: what lives is little, so others can wait for it. */
static enum err select_directly(struct compact *c, struct shard *shard)
{
    struct select *s = &c->select;
    enum err e = index_open(&s->index, c->dir, NEXT_INDEX, &shard->store->keys, true);
    if (e)
        return e;
    s->was = shard->index;
    e = select_living(s);
    s->was = NULL;
    if (e) {
        index_drop(shard->index);
        shard->index = NULL;
    }
    return e;
}

static enum err begin_locked(struct compact *c, struct shard *shard)
{
    struct select *s = &c->select;
    struct journal_owner owner = shard_owner(shard);
    bool is_direct;
    enum err e = due_check_room(shard, &is_direct);
    c->dir = openat(shard->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (c->dir < 0)
        return ERR_IO;
    if (!e)
        e = journal_begin(&s->next, c->dir, owner, shard->marker.generation + 1);
    if (e == ERR_BUSY)
        tell_busy(c, shard->number, shard->marker.generation + 1);
    c->has_written = !e;
    if (!e)
        e = journal_open(&s->old, c->dir, owner, shard->marker.generation, true);
    if (!e && !is_direct)
        e = snapshot_index(&s->was, shard);
    s->counters = shard->marker;
    s->end = (struct journal_end){.place = shard->marker.end, .tag = shard->marker.tag};
    s->now = age_now(&shard->marker);
    s->retention = c->order->retention_days;
    s->may_lose = c->order->may_lose;
    s->marker =
        (struct marker){.generation = s->next.generation, .flags = MARKER_TRUSTED, .serial = 1};
    return !e && is_direct ? select_directly(c, shard) : e;
}

static enum err begin(struct shard *shard, void *context)
{
    struct compact *c = context;
    if (shard->is_read_only) {
        c->error = ERR_READ_ONLY;
    } else if (c->order->is_forced || due_is_now(shard)) {
        c->error = begin_locked(c, shard);
        c->is_begun = !c->error;
    }
    return ERR_OK;
}

static enum err note_end(struct shard *shard, void *context)
{
    struct compact *c = context;
    if (shard->marker.generation != c->select.old.generation)
        c->error = ERR_BUSY;
    c->end = (struct journal_end){.place = shard->marker.end, .tag = shard->marker.tag};
    return ERR_OK;
}

static bool is_index_ours(const struct compact *c)
{
    struct stat st;
    return c->select.index != NULL && !index_stat(c->select.index, &st) &&
           names_lead_to(c->dir, NEXT_INDEX, &st);
}

/* What nobody has yet found durable has names that perhaps nobody has synced. */
static enum err sync_names(const struct shard *shard)
{
    if (marker_durable_end(&shard->file, shard->marker.generation) > 0)
        return names_sync(shard->dir);
    enum err e = names_sync_all(shard->dir);
    return e ? e : made_note_again(shard->store->directory.shards, shard->number);
}

/* Behind the first step nobody trusts the old marker before having removed the new log. */
static enum err publish(struct compact *c, struct shard *shard)
{
    struct marker doubted = shard->marker;
    if (!is_index_ours(c) || !journal_is_ours(&c->select.next, c->dir))
        return ERR_BUSY;
    doubted.flags &= ~MARKER_TRUSTED;
    enum err e = marker_write(&shard->file, &doubted);
    point_pass("compact: doubted");
    if (!e)
        e = journal_publish(&c->select.next, c->dir);
    point_pass("compact: published");
    if (!e)
        e = sync_names(shard);
    point_pass("compact: directory synced");
    if (!e && renameat(c->dir, NEXT_INDEX, c->dir, INDEX_NAME) != 0)
        e = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    point_pass("compact: index renamed");
    return e;
}

static enum err mark(struct compact *c, struct shard *shard)
{
    struct marker *marker = &c->select.marker;
    enum err e = index_note(c->select.index, marker);
    if (e)
        return e;
    marker->end = c->select.born.place;
    marker->tag = c->select.born.tag;
    age_begin(marker, &shard->marker);
    e = marker_write(&shard->file, marker);
    if (e)
        return e;
    point_pass("compact: marked");
    e = marker_set_durable(&shard->file, marker->generation, marker->end);
    if (!e && fsync(shard->file.fd) != 0)
        e = ERR_IO;
    point_pass("compact: marker synced");
    /* The new generation holds; where this failed, the old log is left for a rebuild to remove. */
    if (!e)
        e = generation_keep_only(c->dir, marker->generation);
    if (e)
        log_event(LOG_LEVEL_WARNING, "compact_left_over", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
    return ERR_OK;
}

/* What this handle has open is of the old generation. */
static void let_go(struct shard *shard)
{
    index_drop(shard->index);
    shard->index = NULL;
    journal_close(&shard->journal);
}

static enum err switch_locked(struct compact *c, struct shard *shard)
{
    struct select *s = &c->select;
    const struct journal_end end = {.place = shard->marker.end, .tag = shard->marker.tag};
    if (shard->marker.generation != s->old.generation)
        return ERR_BUSY;
    enum err e = select_rest(s, end);
    if (!e)
        e = index_flush(s->index);
    if (!e)
        e = journal_complete(&s->next, s->marker.records);
    point_pass("compact: complete");
    if (e)
        return e;
    e = publish(c, shard);
    if (!e)
        e = mark(c, shard);
    let_go(shard);
    if (e && is_index_ours(c)) /* without the lock it could be another's by then */
        unlinkat(c->dir, NEXT_INDEX, 0);
    if (e)
        return e;
    shard->marker = s->marker;
    shard->need = 0;
    return ERR_OK;
}

static enum err switch_over(struct shard *shard, void *context)
{
    struct compact *c = context;
    c->error = switch_locked(c, shard);
    return ERR_OK;
}

static enum err run(struct compact *c, struct gdbm_store *store, unsigned number,
                    shard_action *action)
{
    enum err e = shard_run_in(store, number, false, action, c);
    return e ? e : c->error;
}

static enum err compact(struct compact *c, struct gdbm_store *store, unsigned number)
{
    struct select *s = &c->select;
    enum err e = run(c, store, number, begin);
    if (e || !c->is_begun)
        return e;
    point_pass("compact: begun");
    if (s->index == NULL) {
        e = index_open(&s->index, c->dir, NEXT_INDEX, &store->keys, true);
        if (!e)
            e = select_living(s);
    }
    point_pass("compact: living copied");
    for (int round = 0; !e && round < REST_ROUNDS; round++) {
        e = run(c, store, number, note_end);
        if (e || c->end.place - s->done.place < REST_SMALL)
            break;
        e = select_rest(s, c->end);
    }
    if (!e)
        e = index_flush(s->index);
    if (!e &&
        fdatasync(s->next.fd) != 0) /* most of it now, so that little is left under the lock */
        e = journal_failed(&s->next, "fdatasync");
    point_pass("compact: synced");
    if (!e)
        e = run(c, store, number, switch_over);
    c->outcome->is_done = !e;
    return e;
}

/* As long as log.<G+1>.new is ours, index.next can only be ours too, or a dead process's. Once the log was
 * published, either name may be another's, who has begun since. */
static void clean_up(struct compact *c)
{
    struct select *s = &c->select;
    point_pass("compact: left");
    index_drop(s->was);
    if (journal_is_ours(&s->next, c->dir) && (s->index == NULL || is_index_ours(c)))
        unlinkat(c->dir, NEXT_INDEX, 0);
    index_drop(s->index);
    journal_close(&s->old);
    journal_abandon(&s->next, c->dir);
    buf_free(&s->mailboxes);
    gather_free(&s->gather);
    if (c->dir >= 0)
        close(c->dir);
}

static enum err attempt(struct gdbm_store *store, unsigned number,
                        const struct compact_order *order, struct compact_outcome *outcome)
{
    struct compact c = {.order = order,
                        .outcome = outcome,
                        .dir = -1,
                        .select = {.old = JOURNAL_CLOSED,
                                   .next = JOURNAL_CLOSED,
                                   .mailboxes = BUF_INIT(SIZE_MAX / 2)}};
    *outcome = (struct compact_outcome){0};
    uint64_t start = clock_monotonic_ms();
    enum err e = compact(&c, store, number);
    if (e && e != ERR_BUSY && c.has_written)
        outcome->has_failed = true;
    outcome->bytes_before = c.end.place;
    outcome->bytes_after = c.select.born.place;
    outcome->expired = c.select.gone.messages;
    outcome->lost = c.select.lost;
    clean_up(&c);
    if (outcome->is_done)
        log_event(LOG_LEVEL_INFO, "log_compacted",
                  "shard=%u generation=%" PRIu64 " before=%" PRIu64 " after=%" PRIu64
                  " expired=%" PRIu64 " ms=%" PRIu64,
                  number, c.select.next.generation, outcome->bytes_before, outcome->bytes_after,
                  outcome->expired, clock_monotonic_ms() - start);
    return e;
}

struct rebuild {
    bool is_expected; /* who leaves out what is damaged was told of it */
    enum err error;
};

static enum err rebuild(struct shard *shard, void *context)
{
    struct rebuild *r = context;
    log_event(r->is_expected ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "index_contradicts_log",
              "shard=%u", shard->number);
    r->error = shard->is_read_only ? ERR_READ_ONLY : rebuild_shard(shard);
    return ERR_OK;
}

/* Where the log is whole, the index was wrong: from the log it comes out right, so once more. */
static enum err attempt_twice(struct gdbm_store *store, unsigned number,
                              const struct compact_order *order, struct compact_outcome *outcome)
{
    struct rebuild rebuilt = {.is_expected = order->may_lose};
    enum err e = attempt(store, number, order, outcome);
    if (e != ERR_DAMAGED || (outcome->lost > 0 && !order->may_lose))
        return e;
    e = shard_run_in(store, number, false, rebuild, &rebuilt);
    if (!e)
        e = rebuilt.error;
    return e ? e : attempt(store, number, order, outcome);
}

enum err compact_shard(struct gdbm_store *store, unsigned number, const struct compact_order *order,
                       struct compact_outcome *outcome)
{
    sigset_t before;
    bool was_raw = store->is_raw;
    finish_begin(&before);
    store->is_raw = true;
    enum err e = attempt_twice(store, number, order, outcome);
    store->is_raw = was_raw;
    if (store->shards[number] != NULL && outcome->is_done)
        due_forget(store->shards[number]);
    else if (store->shards[number] != NULL && outcome->has_failed)
        due_put_off(store->shards[number]);
    finish_end(&before);
    return e == ERR_BUSY && !order->is_forced ? ERR_OK : e;
}
