/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a compaction gains and costs. Invariant: it is due only where it gives back half as much again as it writes, so
 * that compactions write less than is accepted; just after one, there is nothing to gain. */
#include "store/gdbm/due.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/snapshot.h"

#include "base/banned.h"

#define FAILED_NAME  "compact.failed"
#define INDEX_EACH   UINT64_C(400) /* bytes of a new index for each living record; about, measured */
#define INDEX_MEMORY UINT64_C(85)  /* and for an id that is remembered */
#define INDEX_LEAST  (UINT64_C(64) * 1024)
#define INDEX_IDLE \
    4 /* more than so many bytes of the index aren't idle for a dead one of the log */
#define LITTLE         (UINT64_C(512) * 1024)
#define LITTLE_RECORDS UINT64_C(4096) /* living records: tens of milliseconds under the lock */
#define ROOM_LEFT      (UINT64_C(1) << 20)

/* What is left of a compaction that failed. */
struct due_failure {
    uint64_t generation;
    uint64_t end; /* of the log then */
    uint64_t age; /* of the shard */
};

static uint64_t new_index_size(const struct marker *m)
{
    uint64_t messages = m->live_records - m->memories; /* and accounts */
    uint64_t size = INDEX_LEAST + messages * INDEX_EACH + m->memories * INDEX_MEMORY;
    return size < m->index_size ? size : m->index_size;
}

/* What a compaction writes of ids alone. */
static uint64_t memory_size(const struct marker *m)
{
    return m->memories * (MEMORY_LIVE + INDEX_MEMORY);
}

/* Removed messages leave holes in the index too. A sparse index is no sign of them: a message for every mailbox
 * needs as much. So its idle bytes count only beside dead ones in the log. */
static bool is_worth_it(const struct marker *m)
{
    uint64_t written = m->live_bytes + new_index_size(m);
    uint64_t memory = memory_size(m) < written ? memory_size(m) : written;
    uint64_t used = m->end - sizeof(struct journal_header);
    uint64_t dead = used > m->live_bytes ? used - m->live_bytes : 0;
    uint64_t idle = m->index_size - new_index_size(m);
    if (idle > INDEX_IDLE * dead)
        idle = INDEX_IDLE * dead;
    return dead + idle > (written - memory) / 2 * 3 + memory / 4 + DUE_SLACK;
}

/* For one expired message a whole shard is written: that has its price. */
static bool is_old_enough(const struct shard *shard)
{
    uint64_t born;
    if (shard->journal.fd < 0)
        return true; /* at rest: asked once more under the lock */
    return pread(shard->journal.fd, &born, sizeof(born), offsetof(struct journal_header, time)) ==
               (ssize_t)sizeof(born) &&
           clock_wall() - born >= DUE_WAIT; /* a clock that went back is no reason to wait */
}

/* Tried again after a while, or when the log is twice as long: what is written in vain stays in proportion. */
static bool is_put_off(const struct shard *shard)
{
    const struct marker *m = &shard->marker;
    struct due_failure failure = {0};
    int fd = openat(shard->dir, FAILED_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, &failure, sizeof(failure));
    close(fd);
    uint64_t now = age_now(m);
    return n == (ssize_t)sizeof(failure) && failure.generation == m->generation &&
           failure.age <= now && now < failure.age + DUE_WAIT && m->end < 2 * failure.end;
}

bool due_is_now(const struct shard *shard)
{
    const struct marker *m = &shard->marker;
    if (shard->is_read_only || m->generation == 0)
        return false;
    if ((m->flags & MARKER_FAILED) != 0)
        return true;
    bool is_crowded = shard->crowded == m->generation && is_old_enough(shard);
    return (is_crowded || is_worth_it(m)) && !is_put_off(shard);
}

enum err due_check_room(const struct shard *shard, bool *is_direct)
{
    const struct marker *m = &shard->marker;
    struct statvfs fs;
    uint64_t wanted = m->live_bytes + new_index_size(m);
    *is_direct = false;
    if (fstatvfs(shard->file.fd, &fs) != 0)
        return ERR_OK;
    uint64_t room = fs.f_bavail * fs.f_frsize;
    uint64_t copy = m->index_size > SNAPSHOT_IN_MEMORY ? m->index_size : 0;
    bool is_little = m->live_records <= LITTLE_RECORDS && m->live_bytes <= LITTLE;
    *is_direct = is_little && copy > 0 && room < wanted + copy + ROOM_LEFT;
    if (!*is_direct)
        wanted += copy;
    /* A little may take of the last megabyte what it gives back at once. */
    return room < wanted + (is_little ? 0 : ROOM_LEFT) ? ERR_NO_SPACE : ERR_OK;
}

void due_put_off(const struct shard *shard)
{
    const struct due_failure failure = {.generation = shard->marker.generation,
                                        .end = shard->marker.end,
                                        .age = age_now(&shard->marker)};
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(shard->dir, FAILED_NAME, flags, 0600);
    if (fd < 0 || write(fd, &failure, sizeof(failure)) != (ssize_t)sizeof(failure))
        log_event(LOG_LEVEL_WARNING, "failure_not_noted", "shard=%u errno=%d", shard->number,
                  errno);
    if (fd >= 0)
        close(fd);
}

void due_forget(const struct shard *shard)
{
    if (unlinkat(shard->dir, FAILED_NAME, 0) != 0 && errno != ENOENT)
        log_event(LOG_LEVEL_WARNING, "failure_not_forgotten", "shard=%u errno=%d", shard->number,
                  errno);
}
