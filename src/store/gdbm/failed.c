/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After a failed fdatasync the kernel takes for written what isn't. Invariant: of such a generation nothing is
 * told that the durable end doesn't cover, and the durable end is raised only over bytes that were checked,
 * written again and synced under the lock.
 *
 * The next generation has everything that can be read back and chains, in a file of its own. Where that can't
 * be made, for want of room or because the disk goes on failing, the shard is read as it was at its durable
 * end: none of what came after has been told to anybody, but what the durable end lagged by for want of room, or
 * because somebody was stopped while he raised it (marker.h): then such a view is a moment old. */
#include "store/gdbm/failed.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/compact.h"
#include "store/gdbm/lock.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

#define PAUSE_NS 20000000

bool failed_is_to_leave(const struct shard *shard)
{
    return (shard->marker.flags & MARKER_FAILED) != 0 && !shard->is_read_only &&
           !shard->has_tried_leaving;
}

void failed_leave(struct gdbm_store *store, unsigned number)
{
    const struct compact_order order = {0};
    struct compact_outcome outcome;
    struct shard *shard = store->shards[number];
    uint64_t now = clock_monotonic_ms();
    if (shard->leave_until == 0)
        shard->leave_until = now + lock_patience_ms;
    enum err e = compact_shard(store, number, &order, &outcome);
    if (e)
        log_event(LOG_LEVEL_ERROR, "shard_only_read", "shard=%u error=\"%s\"", number, err_text(e));
    shard = store->shards[number];
    if (shard == NULL)
        return;
    if (!e && outcome.is_done)
        shard->leave_until = 0;
    else if (e || now >= shard->leave_until)
        shard->has_tried_leaving = true;
    else
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

/* In its place, which a full disk has room for. */
static enum err write_again(struct shard *shard, uint64_t durable)
{
    const struct marker *m = &shard->marker;
    struct journal *j = &shard->journal;
    uint64_t from = durable > 0 ? durable : journal_start(j).place;
    enum err e = scan_check(j, from, (struct journal_end){.place = m->end, .tag = m->tag});
    if (!e)
        e = journal_rewrite(j, from, m->end);
    if (!e && fdatasync(j->fd) != 0)
        e = journal_failed(j, "fdatasync");
    return e ? e : marker_set_durable(&shard->file, m->generation, m->end);
}

static enum err apply_upto(struct shard *shard, uint64_t end)
{
    struct failed_view *view = &shard->view;
    struct scan scan;
    struct scan_record scanned;
    enum err e = ERR_OK;
    scan_open(&scan, &shard->journal, end);
    while (!e && scan.end.place < end) {
        e = scan_next(&scan, &scanned);
        struct apply_record record = {.place = scanned.place,
                                      .size = scanned.size,
                                      .head = scanned.head};
        if (!e)
            e = scanned.is_lost ? ERR_DAMAGED : apply_split(&record, scanned.payload);
        if (!e)
            e = apply_to_index(view->index, &view->marker, &record);
    }
    view->marker.end = scan.end.place;
    view->marker.tag = scan.end.tag;
    scan_close(&scan);
    if (!e)
        e = index_flush(view->index);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

static enum err make_view(struct shard *shard, uint64_t durable)
{
    struct failed_view *view = &shard->view;
    index_drop(view->index);
    *view = (struct failed_view){.marker = {.generation = shard->marker.generation,
                                            .flags = MARKER_FAILED,
                                            .serial = 1},
                                 .of = shard->marker,
                                 .durable = durable};
    age_begin(&view->marker, &shard->marker);
    enum err e = index_open_in_memory(&view->index, shard->dir, &shard->store->keys);
    if (!e)
        e = apply_upto(shard, durable);
    if (e) {
        index_drop(view->index);
        view->index = NULL;
    }
    return e;
}

/* The other pair goes into the view's place, and comes back at its end. */
static void swap(struct shard *shard)
{
    struct failed_view *view = &shard->view;
    struct index *index = shard->index;
    struct marker marker = shard->marker;
    shard->index = view->index;
    shard->marker = view->marker;
    view->index = index;
    view->marker = marker;
    shard->is_viewed = !shard->is_viewed;
}

enum err failed_begin_view(struct shard *shard)
{
    struct failed_view *view = &shard->view;
    uint64_t durable = marker_durable_end(&shard->file, shard->marker.generation);
    if (durable >= shard->marker.end)
        return ERR_OK;
    bool is_made = view->index != NULL && view->durable == durable &&
                   memcmp(&view->of, &shard->marker, sizeof(view->of)) == 0;
    if (!is_made && !shard->is_read_only && !write_again(shard, durable))
        return ERR_OK;
    enum err e = is_made ? ERR_OK : make_view(shard, durable);
    if (!e)
        swap(shard);
    return e;
}

void failed_end_view(struct shard *shard)
{
    if (shard->is_viewed)
        swap(shard);
}

void failed_set(struct shard *shard)
{
    struct marker marker;
    enum err e = lock_take(shard->file.fd);
    if (!e) {
        if (!marker_read(&shard->file, &marker) && marker.generation == shard->journal.generation) {
            marker.flags |= MARKER_FAILED;
            e = marker_write(&shard->file, &marker);
        }
        lock_release(shard->file.fd);
    }
    if (e)
        log_event(LOG_LEVEL_ERROR, "failed_flag_lost", "shard=%u error=\"%s\"", shard->number,
                  err_text(e));
}
