/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backup is a store: each shard's log up to an end that was once its end, the host key, and store.conf last
 * of all. Invariant: at each moment of a backup into an older one, each shard there is one that this shard
 * has been. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "store/gdbm/found.h"
#include "store/gdbm/generation.h"
#include "store/gdbm/index.h"
#include "store/gdbm/made.h"
#include "store/gdbm/marker.h"
#include "store/gdbm/original.h"
#include "store/gdbm/place.h"
#include "store/gdbm/scan.h"
#include "store/gdbm/target.h"
#include "store/operate.h"

#include "base/banned.h"

#define BLOCK    ((size_t)256 * 1024)
#define CONF_MAX 65536

struct backup {
    const struct directory *store;
    struct original from;
    int dir;                   /* of the shard in the backup */
    struct journal_end common; /* what the backup has of this very log; place 0: nothing */
    uint64_t bytes;
    bool is_taken_back; /* what had been added to the backup's log: its end is to be noted again */
};

enum err backup_begin(struct store *store, const char *path, int *target)
{
    return target_open(&keeper_of(store)->directory, path, target);
}

/* Tags chain, so the same tag in the same place means the same records up to there. After a loss of power a
 * log may have gone on in another way than the backup knows. */
static bool has_tag(const struct backup *b, struct journal_end at)
{
    uint64_t tag = 0;
    return at.place <= b->from.end &&
           place_read(b->from.log.fd, &tag, sizeof(tag), at.place - sizeof(tag)) ==
               (ssize_t)sizeof(tag) &&
           tag == at.tag;
}

/* A file with another name too may be the store's own, or an older backup's. */
static bool has_one_name(const struct journal *there)
{
    struct stat st;
    return fstat(there->fd, &st) == 0 && st.st_nlink == 1;
}

/* Whole records, from the front. */
static void find_common(struct backup *b)
{
    struct journal there = JOURNAL_CLOSED;
    struct scan scan;
    struct scan_record record;
    if (journal_open(&there, b->dir, b->from.owner, b->from.log.generation, true))
        return;
    if (has_one_name(&there) && memcmp(there.key, b->from.log.key, sizeof(there.key)) == 0) {
        scan_open(&scan, &there, 0);
        while (scan_next(&scan, &record) == ERR_OK)
            b->common = scan.end;
        if (!has_tag(b, scan.end))
            b->common.place = 0;
        scan_close(&scan);
    }
    journal_close(&there);
}

static enum err copy_bytes(struct backup *b, int to, uint64_t at)
{
    uint8_t *block = malloc(BLOCK);
    enum err e = block == NULL ? ERR_NO_MEMORY : ERR_OK;
    while (!e && at < b->from.end) {
        size_t want = b->from.end - at < BLOCK ? (size_t)(b->from.end - at) : BLOCK;
        ssize_t n = place_read(b->from.log.fd, block, want, at);
        if (n <= 0) {
            e = n < 0 ? target_failed("pread") : ERR_DAMAGED;
            break;
        }
        e = target_check_room(b->store, to, (uint64_t)n);
        if (!e && lseek(to, (off_t)at, SEEK_SET) < 0)
            e = target_failed("lseek");
        if (!e)
            e = file_write_all(to, span_of(block, (size_t)n));
        at += (uint64_t)n;
        b->bytes += (uint64_t)n;
    }
    free(block);
    return e;
}

/* What couldn't be written whole takes no room: a disk may be full of it. */
static void take_back(struct backup *b, int to, const char *unborn)
{
    if (b->common.place == 0)
        unlinkat(b->dir, unborn, 0);
    else if (to >= 0 && ftruncate(to, (off_t)b->common.place) == 0)
        b->is_taken_back = true;
    else
        log_event(LOG_LEVEL_WARNING, "backup_not_taken_back", "shard=%u errno=%d",
                  b->from.owner.shard, errno);
    if (b->is_taken_back)
        b->from.end = b->common.place;
}

/* Whoever has opened the backup as a store has left an index and a marker there, which would speak of another log
 * than the one that comes. */
static void forget_old(const struct backup *b)
{
    unlinkat(b->dir, "lock", 0);
    unlinkat(b->dir, INDEX_NAME, 0);
}

/* Adds to the log that is there, or replaces it by a whole one. */
static enum err copy_log(struct backup *b)
{
    char name[JOURNAL_NAME], unborn[JOURNAL_NAME];
    uint64_t common = b->common.place;
    if (common > 0)
        forget_old(b);
    journal_name(name, b->from.log.generation, "");
    journal_name(unborn, b->from.log.generation, JOURNAL_UNBORN);
    unlinkat(b->dir, unborn, 0);
    int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
    int to = common > 0 ? openat(b->dir, name, flags)
                        : openat(b->dir, unborn, flags | O_CREAT | O_EXCL, 0600);
    enum err e = to < 0 ? target_failed("open") : copy_bytes(b, to, common);
    if (!e && (ftruncate(to, (off_t)b->from.end) != 0 || fsync(to) != 0))
        e = target_failed("fsync");
    if (e)
        take_back(b, to, unborn);
    if (to >= 0)
        close(to);
    if (!e && common == 0)
        forget_old(b);
    if (!e && common == 0 && renameat(b->dir, unborn, b->dir, name) != 0)
        e = target_failed("rename");
    if (!e && fsync(b->dir) != 0)
        e = target_failed("fsync");
    return e ? e : generation_keep_only(b->dir, b->from.log.generation);
}

/* How far the log reaches, in a lock file of the backup's own: so one that was cut short is told from one that
 * ends there. */
static enum err note_end(const struct backup *b, const struct gdbm_store *k)
{
    struct stat st;
    int fd = openat(b->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum err e = fd < 0 || fstat(fd, &st) != 0 ? target_failed("open") : ERR_OK;
    if (!e) {
        const struct marker_file file = marker_file(k, b->from.owner.shard, fd, &st);
        e = marker_set_durable(&file, b->from.log.generation, b->from.end);
    }
    if (!e && fsync(fd) != 0)
        e = target_failed("fsync");
    if (fd >= 0)
        close(fd);
    return e ? e : target_sync_directory(b->dir, ".");
}

/* The list of shards made, under a second name, is also an older backup's, which has fewer. */
static enum err own_made(int shards)
{
    struct stat st;
    struct buf list = BUF_INIT(LAYOUT_SHARDS_MAX);
    if (fstatat(shards, MADE_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_nlink < 2)
        return ERR_OK;
    enum err e = file_read(shards, MADE_NAME, &list);
    if (!e)
        e = target_write_file(shards, MADE_NAME, buf_span(&list));
    buf_free(&list);
    return e;
}

/* Of one that couldn't be copied too: a store without it must not give its names to others. */
static enum err note_made(int target, unsigned shard, enum err e)
{
    int shards;
    enum err noted = target_open_shards(target, &shards);
    if (!noted && fsync(shards) != 0)
        noted = target_failed("fsync");
    if (!noted && !made_is_noted(shards, shard))
        noted = own_made(shards);
    if (!noted)
        noted = made_note(shards, shard);
    if (shards >= 0)
        close(shards);
    return e ? e : noted;
}

/* What was read to find the log's end has been checked by that. */
static enum err check_log(struct backup *b)
{
    find_common(b);
    return b->from.lost > 0 ? ERR_OK : original_check(&b->from, b->common);
}

enum err backup_shard(struct store *store, unsigned shard, int target, struct operate_copy *copy)
{
    struct gdbm_store *k = keeper_of(store);
    struct backup b = {.store = &k->directory, .dir = -1};
    enum err e = original_open(&b.from, k, shard);
    if (!e)
        e = target_open_shard(target, shard, &b.dir);
    if (!e)
        e = check_log(&b);
    if (!e)
        e = copy_log(&b);
    if (!e || b.is_taken_back) {
        enum err noted = note_end(&b, k);
        e = e ? e : noted;
    }
    original_close(&b.from);
    if (b.dir >= 0)
        close(b.dir);
    *copy = (struct operate_copy){.bytes = b.bytes, .damaged = b.from.lost};
    bool is_made = !e || e == ERR_DAMAGED || made_is_noted(k->directory.shards, shard);
    return is_made ? note_made(target, shard, e) : e;
}

static enum err copy_file(int from, int to, const char *name)
{
    struct buf content = BUF_INIT(CONF_MAX);
    enum err e = file_read(from, name, &content);
    if (!e)
        e = target_write_file(to, name, buf_span(&content));
    buf_free(&content);
    return e;
}

enum err backup_end(struct store *store, int target)
{
    int from = keeper_of(store)->directory.fd;
    enum err e = copy_file(from, target, FOUND_HOST_KEY);
    if (!e)
        e = copy_file(from, target, FOUND_CONF);
    if (!e)
        e = target_end(target);
    close(target);
    return e;
}
