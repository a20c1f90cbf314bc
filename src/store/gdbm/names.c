/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: nothing is told of a file that a loss of power could still leave without its name, and no name is
 * taken for ours that has become another's. */
#include "store/gdbm/names.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

static enum err failed(const char *name)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    log_event(LOG_LEVEL_ERROR, "directory_sync_failed", "directory=%s errno=%d", name, errno);
    return ERR_IO;
}

static enum err sync_one(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = fd < 0 || fsync(fd) != 0 ? failed(name) : ERR_OK;
    if (fd >= 0)
        close(fd);
    return e;
}

enum err names_sync(int dir)
{
    return sync_one(dir, ".");
}

enum err names_sync_all(int dir)
{
    enum err e = names_sync(dir);
    if (!e)
        e = sync_one(dir, "..");
    return e ? e : sync_one(dir, "../..");
}

enum err names_sync_above(int store)
{
    if (faccessat(store, "..", R_OK, AT_EACCESS) != 0)
        return ERR_OK;
    enum err e = sync_one(store, "..");
    return e == ERR_READ_ONLY ? ERR_OK : e;
}

bool names_lead_to(int dir, const char *name, const struct stat *st)
{
    struct stat named;
    return fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == st->st_dev &&
           named.st_ino == st->st_ino;
}

bool names_lead_to_open(int dir, const char *name, int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && names_lead_to(dir, name, &st);
}
