/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A new file gets its name when it is whole. A bad one loses its name only under a lock on the bad file itself, so
 * that nobody removes what another has just made in its place. */
#include "guard/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/random.h"

#include "base/banned.h"

/* Each is at most a millisecond. */
#define TRIES 50

static enum err code_of(int error)
{
    switch (error) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case EROFS:
        return ERR_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    default:
        return ERR_IO;
    }
}

bool cache_is_good(const void *bytes, size_t n, const struct cache_origin *origin)
{
    struct layout_header header;
    if (n != sizeof(struct guard_file))
        return false;
    memcpy(&header, bytes, sizeof(header));
    return header.magic == LAYOUT_MAGIC && header.size == n && header.device == origin->device &&
           header.inode == origin->inode && memcmp(header.boot, origin->boot, BOOT_ID_LEN) == 0;
}

static enum err origin_of(struct cache_origin *origin, const struct stat *st)
{
    origin->device = st->st_dev;
    origin->inode = st->st_ino;
    return boot_id(origin->boot);
}

/* Its room is taken from the disk now: a page that finds none later would end a session. */
static enum err fill(int fd)
{
    struct stat st;
    struct cache_origin origin;
    struct layout_header header = {.magic = LAYOUT_MAGIC, .size = sizeof(struct guard_file)};
    int error = posix_fallocate(fd, 0, sizeof(struct guard_file));
    if (error != 0) {
        errno = error;
        return code_of(error);
    }
    if (fstat(fd, &st) != 0)
        return code_of(errno);
    enum err e = origin_of(&origin, &st);
    if (e)
        return e;
    memcpy(header.boot, origin.boot, sizeof(header.boot));
    header.device = origin.device;
    header.inode = origin.inode;
    header.since = clock_wall();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    header.processors = processors > 0 ? (uint64_t)processors : 0;
    random_bytes(header.key, sizeof(header.key));
    return file_write_all(fd, span_of(&header, sizeof(header)));
}

/* ERR_OK also when another was faster. */
static enum err make(const char *directory, const char *path)
{
    char own[64];
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return code_of(errno);
    enum err e = fill(fd);
    snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    if (!e && linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
        e = code_of(errno);
    int error = errno;
    close(fd);
    errno = error;
    return e;
}

/* ERR_BUSY: somebody else is at it. */
static enum err remove_bad(int fd, const char *path)
{
    struct stat mine, named;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
    if (fstat(fd, &mine) != 0 || stat(path, &named) != 0)
        return errno == ENOENT ? ERR_OK : code_of(errno);
    if (mine.st_dev != named.st_dev || mine.st_ino != named.st_ino)
        return ERR_OK;
    return unlink(path) == 0 || errno == ENOENT ? ERR_OK : code_of(errno);
}

/* ERR_UNSUPPORTED: it isn't good. What isn't a file at all, somebody has put there: it stays. */
static enum err map(int fd, struct guard_file **file)
{
    struct stat st;
    struct cache_origin origin;
    if (fstat(fd, &st) != 0)
        return ERR_IO;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return ERR_IO;
    }
    if (st.st_size != (off_t)sizeof(struct guard_file))
        return ERR_UNSUPPORTED;
    enum err e = origin_of(&origin, &st);
    if (e)
        return e;
    void *bytes = mmap(NULL, sizeof(struct guard_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return ERR_IO;
    if (!cache_is_good(bytes, sizeof(struct guard_file), &origin)) {
        munmap(bytes, sizeof(struct guard_file));
        return ERR_UNSUPPORTED;
    }
    *file = bytes;
    return ERR_OK;
}

/* One try. ERR_BUSY: another try may do better. */
static enum err open_once(const char *directory, const char *path, bool may_make,
                          struct guard_file **file)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT && may_make) {
        enum err e = make(directory, path);
        return e ? e : ERR_BUSY;
    }
    if (fd < 0)
        return code_of(errno);
    enum err e = map(fd, file);
    if (e == ERR_UNSUPPORTED && may_make) {
        e = remove_bad(fd, path);
        e = e ? e : ERR_BUSY;
    }
    int error = errno;
    close(fd);
    errno = error;
    return e;
}

enum err cache_open(const char *directory, bool may_make, struct guard_file **file)
{
    static const struct timespec moment = {.tv_nsec = 1000000};
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", directory, GUARD_FILE);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    enum err e = ERR_BUSY;
    for (int i = 0; i < TRIES && e == ERR_BUSY; i++) {
        /* The second follows at once: usually one makes it, and then opens it. */
        if (i > 1)
            nanosleep(&moment, NULL);
        e = open_once(directory, path, may_make, file);
    }
    return e;
}
