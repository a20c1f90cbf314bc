/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: nothing is changed in a directory before it is known that nobody's only copy of anything is in it:
 * it is bare, or has this store's settings, or a file that says whose backup was begun there. A store that
 * lost its store.conf has neither. */
#include "store/gdbm/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "store/gdbm/found.h"

#include "base/banned.h"

#define CONF_MAX  65536
#define BEGUN_MAX 64
#define ROOM_LEFT (UINT64_C(1) << 20) /* for the sessions, on the store's own disk */

enum err target_failed(const char *call)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    if (errno == EACCES || errno == EPERM)
        return ERR_DENIED;
    log_event(LOG_LEVEL_ERROR, "backup_failed", "call=%s errno=%d", call, errno);
    return ERR_IO;
}

enum err target_sync_directory(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = fd < 0 || fsync(fd) != 0 ? target_failed("fsync") : ERR_OK;
    if (fd >= 0)
        close(fd);
    return e;
}

static enum err make_directory(int dir, const char *name)
{
    if (mkdirat(dir, name, 0700) == 0 || errno == EEXIST)
        return ERR_OK;
    return errno == ENOENT    ? ERR_NOT_FOUND
           : errno == ENOTDIR ? ERR_MALFORMED
                              : target_failed("mkdir");
}

static bool is_there(int fd, const char *name)
{
    struct stat st;
    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Nothing in it that a store would miss: neither host key nor shards. */
static bool is_bare(int fd)
{
    if (is_there(fd, FOUND_HOST_KEY))
        return false;
    return unlinkat(fd, FOUND_SHARDS, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

static void print_id(const struct directory *store, char text[static BEGUN_MAX])
{
    char id[BEGUN_MAX - 2];
    base64url_encode_text(id, sizeof(id), span_of(store->store_id, sizeof(store->store_id)));
    snprintf(text, BEGUN_MAX, "%s\n", id);
}

/* ERR_EXISTS: it is another store's, or torn. ERR_NOT_FOUND. */
static enum err check_begun(const struct directory *store, int fd)
{
    char id[BEGUN_MAX];
    struct buf text = BUF_INIT(BEGUN_MAX);
    print_id(store, id);
    enum err e = file_read(fd, TARGET_BEGUN, &text);
    if (!e && !span_is(buf_span(&text), id))
        e = ERR_EXISTS;
    buf_free(&text);
    return e == ERR_TOO_LARGE ? ERR_EXISTS : e;
}

static enum err judge_begun(const struct directory *store, int fd)
{
    enum err e = found_check_own(fd, TARGET_BEGUN);
    if (e || is_bare(fd))
        return e;
    e = check_begun(store, fd);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}

static enum err judge_contents(const struct directory *store, int fd)
{
    struct buf mine = BUF_INIT(CONF_MAX);
    struct buf yours = BUF_INIT(CONF_MAX);
    enum err e = file_read(store->fd, FOUND_CONF, &mine);
    if (!e)
        e = file_read(fd, FOUND_CONF, &yours);
    if (!e && !span_equal(buf_span(&mine), buf_span(&yours)))
        e = ERR_EXISTS;
    else if (e == ERR_NOT_FOUND)
        e = judge_begun(store, fd);
    buf_free(&mine);
    buf_free(&yours);
    return e;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the directory is the store's, or somewhere below it: below what isn't ours to search nothing of ours is. */
static enum err judge_way_up(const struct stat *store, int fd)
{
    struct stat below = {0}, st;
    enum err e = ERR_OK;
    int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (!e && at >= 0 && fstat(at, &st) == 0 && !is_same(&st, &below)) {
        e = is_same(&st, store) ? ERR_EXISTS : ERR_OK;
        below = st;
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = up;
    }
    if (at < 0 && !e && errno != EACCES)
        e = target_failed("open");
    if (at >= 0)
        close(at);
    return e;
}

/* Whoever else could write there could have led it back to the store. */
static enum err judge_place(const struct directory *store, int fd)
{
    struct stat a, b;
    if (fstat(store->fd, &a) != 0 || fstat(fd, &b) != 0)
        return target_failed("fstat");
    enum err e = judge_way_up(&a, fd);
    if (!e && fstat(store->shards, &a) != 0)
        e = target_failed("fstat");
    if (!e && is_same(&a, &b))
        e = ERR_EXISTS;
    if (e)
        return e;
    return b.st_uid != geteuid() || (b.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? ERR_DENIED : ERR_OK;
}

/* For the way from here to store.conf. A torn one means that nothing else is there yet. */
static enum err write_begun(const struct directory *store, int fd)
{
    char id[BEGUN_MAX];
    if (is_there(fd, FOUND_CONF) || check_begun(store, fd) == ERR_OK)
        return ERR_OK;
    print_id(store, id);
    int out = openat(fd, TARGET_BEGUN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum err e = out < 0 ? target_failed("open") : file_write_all(out, span_str(id));
    if (!e && fsync(out) != 0)
        e = target_failed("fsync");
    if (out >= 0)
        close(out);
    return e ? e : target_sync_directory(fd, ".");
}

static enum err judge_shards(const struct directory *store, int fd)
{
    int shards;
    enum err e = target_open_shards(fd, &shards);
    if (!e)
        e = judge_place(store, shards);
    if (shards >= 0)
        close(shards);
    return e;
}

/* The new directory's own name must survive a loss of power too. */
static enum err prepare(const struct directory *store, int fd)
{
    enum err e = judge_place(store, fd);
    if (!e)
        e = judge_contents(store, fd);
    if (!e && fchmod(fd, 0700) != 0)
        e = target_failed("fchmod");
    if (!e)
        e = write_begun(store, fd);
    if (!e)
        e = judge_shards(store, fd);
    if (!e)
        e = target_sync_directory(fd, ".");
    return e ? e : target_sync_directory(fd, "..");
}

enum err target_open(const struct directory *store, const char *path, int *target)
{
    bool is_new = !is_there(AT_FDCWD, path);
    *target = -1;
    enum err e = make_directory(AT_FDCWD, path);
    if (e)
        return e;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR ? ERR_MALFORMED : target_failed("open");
    e = prepare(store, fd);
    if (!e) {
        *target = fd;
        return ERR_OK;
    }
    close(fd);
    if (is_new)
        unlinkat(AT_FDCWD, path, AT_REMOVEDIR); /* which does nothing if it has been begun */
    return e;
}

static enum err open_directory(int in, const char *name, int *dir)
{
    *dir = -1;
    enum err e = make_directory(in, name);
    if (e)
        return e;
    *dir = openat(in, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*dir >= 0)
        return ERR_OK;
    return errno == ELOOP || errno == ENOTDIR ? ERR_MALFORMED : target_failed("open");
}

enum err target_open_shards(int target, int *shards)
{
    return open_directory(target, FOUND_SHARDS, shards);
}

enum err target_open_shard(int target, unsigned number, int *dir)
{
    char name[16];
    int shards;
    *dir = -1;
    snprintf(name, sizeof(name), "%u", number);
    enum err e = target_open_shards(target, &shards);
    if (!e)
        e = open_directory(shards, name, dir);
    if (shards >= 0)
        close(shards);
    return e;
}

/* By a name that found_check_own knows, so that a backup that is ended here can be gone on with. */
enum err target_write_file(int target, const char *name, struct span content)
{
    char unborn[32];
    snprintf(unborn, sizeof(unborn), "%s.new", name);
    unlinkat(target, unborn, 0);
    int fd = openat(target, unborn, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum err e = fd < 0 ? target_failed("open") : file_write_all(fd, content);
    if (!e && fsync(fd) != 0)
        e = target_failed("fsync");
    if (fd >= 0)
        close(fd);
    if (!e && renameat(target, unborn, target, name) != 0)
        e = target_failed("rename");
    if (e)
        unlinkat(target, unborn, 0);
    return e ? e : target_sync_directory(target, ".");
}

enum err target_check_room(const struct directory *store, int target, uint64_t n)
{
    struct stat a, b;
    struct statvfs room;
    if (fstat(store->fd, &a) != 0 || fstat(target, &b) != 0 || fstatvfs(target, &room) != 0)
        return target_failed("fstatvfs");
    if (a.st_dev != b.st_dev)
        return ERR_OK;
    uint64_t left = (uint64_t)room.f_bavail * room.f_frsize;
    return left < ROOM_LEFT + n ? ERR_NO_SPACE : ERR_OK;
}

enum err target_end(int target)
{
    if (unlinkat(target, TARGET_BEGUN, 0) == 0)
        return target_sync_directory(target, ".");
    return errno == ENOENT ? ERR_OK : target_failed("unlink");
}
