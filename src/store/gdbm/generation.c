/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shard has two logs only while one takes over from the other, or where whoever did that was killed. A
 * log gets its name when it is complete and synced, so the higher one is whole unless its disk lies. */
#include "store/gdbm/generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/point.h"
#include "store/gdbm/scan.h"

#include "base/banned.h"

/* "log.<G>", exactly, or with the suffix of one that isn't complete; 0 for every other name. */
static uint64_t generation_of(const char *name, bool *is_unborn)
{
    uint64_t number = 0;
    size_t suffix = strlen(JOURNAL_UNBORN);
    if (strncmp(name, "log.", 4) != 0)
        return 0;
    struct span digits = span_str(name + 4);
    *is_unborn = digits.len > suffix &&
                 memcmp(digits.data + digits.len - suffix, JOURNAL_UNBORN, suffix) == 0;
    digits.len -= *is_unborn ? suffix : 0;
    return field_number(digits, &number) ? 0 : number;
}

static DIR *open_list(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL) {
        log_event(LOG_LEVEL_ERROR, "shard_list_failed", "errno=%d", errno);
        if (fd >= 0)
            close(fd);
    }
    return list;
}

/* The highest generation below `below`; 0 for none. */
static enum err find_below(int dir, uint64_t below, uint64_t *highest)
{
    DIR *list = open_list(dir);
    *highest = 0;
    if (list == NULL)
        return ERR_IO;
    for (struct dirent *d; (d = readdir(list)) != NULL;) {
        bool is_unborn = false;
        uint64_t number = generation_of(d->d_name, &is_unborn);
        if (!is_unborn && number < below && number > *highest)
            *highest = number;
    }
    closedir(list);
    return ERR_OK;
}

/* Whether the log opens and is whole. */
static enum err judge(int dir, struct journal_owner owner, uint64_t generation, bool *is_whole)
{
    struct journal j = JOURNAL_CLOSED;
    struct scan scan;
    struct scan_record record;
    *is_whole = false;
    enum err e = journal_open(&j, dir, owner, generation, true);
    if (e)
        return e;
    scan_open(&scan, &j, 0);
    uint64_t births = 0;
    for (; !e && births < j.births; births += !e)
        e = scan_next(&scan, &record);
    scan_close(&scan);
    *is_whole = births == j.births;
    journal_close(&j);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err generation_find(int dir, struct journal_owner owner, uint64_t *generation)
{
    uint64_t at = UINT64_MAX;
    uint64_t opened = 0;
    enum err first = ERR_NOT_FOUND;
    for (;;) {
        bool is_whole;
        enum err e = find_below(dir, at, &at);
        if (e)
            return e;
        if (at == 0)
            break;
        e = judge(dir, owner, at, &is_whole);
        if (e == ERR_IO || e == ERR_NO_MEMORY)
            return e;
        if (!e && opened == 0)
            opened = at;
        if (!e && is_whole) {
            *generation = at;
            return ERR_OK;
        }
        if (first == ERR_NOT_FOUND && e)
            first = e;
        log_event(LOG_LEVEL_ERROR, "log_not_whole", "shard=%u file=log.%" PRIu64, owner.shard, at);
    }
    *generation = opened;
    return opened > 0 ? ERR_OK : first;
}

/* One that isn't complete and of the next generation may be somebody's who is at work. */
static bool is_left_over(const char *name, uint64_t generation)
{
    bool is_unborn = false;
    uint64_t number = generation_of(name, &is_unborn);
    return number > 0 && (is_unborn ? number <= generation : number != generation);
}

enum err generation_keep_only(int dir, uint64_t generation)
{
    enum err e = ERR_OK;
    DIR *list = open_list(dir);
    if (list == NULL)
        return ERR_IO;
    for (struct dirent *d; !e && (d = readdir(list)) != NULL;) {
        if (!is_left_over(d->d_name, generation))
            continue;
        if (unlinkat(dir, d->d_name, 0) != 0 && errno != ENOENT)
            e = errno == EROFS ? ERR_READ_ONLY : ERR_IO;
        point_pass("generation: removed");
    }
    /* Also where nothing was left to remove: who removed it may have died before it was durable. */
    if (!e && fsync(dirfd(list)) != 0)
        e = ERR_IO;
    if (e)
        log_event(LOG_LEVEL_ERROR, "log_remove_failed", "errno=%d", errno);
    closedir(list);
    return e;
}
