/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transaction: append, apply, mark. Invariant: a record whose effect isn't in the index when its caller
 * is told of an error isn't in the log either; where that can't be seen to, nothing is told (store_settle). */
#include "store/gdbm/commit.h"

#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/point.h"

#include "base/banned.h"

#define ROOM_LEFT (UINT64_C(1) << 20) /* free bytes below which nothing is taken in */

static enum err check_free(const struct shard *shard, uint64_t least)
{
    struct statvfs fs;
    if (shard->is_read_only || (shard->marker.flags & MARKER_FAILED) != 0)
        return ERR_READ_ONLY;
    if (fstatvfs(shard->file.fd, &fs) == 0 && fs.f_bavail * fs.f_frsize < least)
        return ERR_NO_SPACE;
    return ERR_OK;
}

enum err commit_check_room(const struct shard *shard)
{
    return check_free(shard, ROOM_LEFT);
}

enum err commit_check_reserve(const struct shard *shard, enum commit_kind kind)
{
    uint64_t least = shard->store->quota.reserve * kind;
    return check_free(shard, least < ROOM_LEFT ? ROOM_LEFT : least);
}

/* Applies what was just appended, and leaves index and marker as they shall be found. */
static enum err apply_appended(struct shard *shard, struct journal_end end,
                               const struct apply_record *record, bool is_leaving)
{
    struct marker marker = shard->marker;
    enum err e = apply_to_index(shard->index, &marker, record);
    if (!e)
        e = is_leaving ? index_flush_in_place(shard->index) : index_flush(shard->index);
    if (!e)
        e = index_note(shard->index, &marker);
    if (e)
        return e;
    point_pass("commit: applied");
    marker.end = end.place;
    marker.tag = end.tag;
    e = marker_write(&shard->file, &marker);
    if (!e)
        shard->marker = marker;
    return e;
}

/* Rule 3: the record that wasn't applied must not come back with the next rebuild. Where the disk refuses even
 * that (a full one that writes nothing in place), it may: the caller's fate is open, as after a failed sync. */
static void take_back(struct shard *shard, uint64_t place)
{
    shard_distrust(shard);
    enum err e = journal_void(&shard->journal, place);
    if (e) {
        log_event(LOG_LEVEL_ERROR, "record_void_failed", "shard=%u place=%llu error=\"%s\"",
                  shard->number, (unsigned long long)place, err_text(e));
        shard->store->has_lost = true;
        shard->marker.flags |= MARKER_FAILED;
        shard_distrust(shard);
    }
}

/* 32 bits of seconds, for a time since 1970 as for an age. */
static uint32_t until_2106(uint64_t seconds)
{
    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

enum err commit_record(struct shard *shard, const struct journal_append *wanted)
{
    struct journal_append timed = *wanted;
    const struct journal_append *record = &timed;
    if (shard->is_read_only || (shard->marker.flags & MARKER_FAILED) != 0)
        return ERR_READ_ONLY;
    if (record->fixed.len + record->rest.len > RECORD_MAX)
        return ERR_TOO_LARGE;
    timed.time = until_2106(clock_wall());
    timed.age = until_2106(age_now(&shard->marker));
    struct journal_end end = {.place = shard->marker.end, .tag = shard->marker.tag};
    enum err e = journal_append(&shard->journal, &end, record);
    if (e)
        return e;
    const struct apply_record applied = {.place = shard->marker.end,
                                         .size = end.place - shard->marker.end,
                                         .head = {.type = (uint8_t)record->type,
                                                  .flags = record->flags,
                                                  .time = record->time,
                                                  .age = record->age},
                                         .fixed = record->fixed,
                                         .rest = record->rest};
    point_pass("commit: appended");
    e = apply_appended(shard, end, &applied, record->is_leaving);
    if (e)
        take_back(shard, applied.place);
    return e;
}

enum err commit_age(struct shard *shard)
{
    const struct journal_append record = {.type = RECORD_VOID,
                                          .fixed = span_str(""),
                                          .rest = span_str("")};
    if (!age_is_unnoted(&shard->marker) || commit_check_room(shard))
        return ERR_OK;
    enum err e = commit_record(shard, &record);
    return shard->index == NULL ? e : ERR_OK;
}
