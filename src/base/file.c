/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files: a reader sees the old content or the new, never a mixture and never a part. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CHUNK ((size_t)4096) /* what is read is small: fewer pages to wipe */

static enum err code_of(int error)
{
    switch (error) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case EPIPE:
        return ERR_CLOSED;
    case EROFS:
        return ERR_READ_ONLY;
    default:
        return ERR_IO;
    }
}

/* Closes without changing errno, which tells the caller's caller what failed before. */
static void close_quietly(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

/* Reads to the end, or to one byte beyond the limit: buf_reserve refuses that one. */
enum err file_read_all(int fd, struct buf *out)
{
    for (;;) {
        size_t room = out->max - out->len < CHUNK ? out->max - out->len : CHUNK;
        uint8_t beyond;
        enum err e = buf_reserve(out, room);
        if (e)
            return e;
        ssize_t n = room ? read(fd, out->data + out->len, room) : read(fd, &beyond, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return code_of(errno);
        if (n == 0)
            return ERR_OK;
        if (!room)
            return ERR_TOO_LARGE;
        out->len += (size_t)n;
    }
}

enum err file_read(int dir, const char *name, struct buf *out)
{
    /* O_NONBLOCK: opening a FIFO that somebody put there must not hang. */
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return code_of(errno);
    size_t before = out->len;
    struct stat st;
    enum err e = fstat(fd, &st) < 0 ? ERR_IO : ERR_OK;
    if (!e && !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        e = ERR_IO;
    }
    if (!e)
        e = file_read_all(fd, out);
    if (e)
        buf_truncate(out, before);
    close_quietly(fd);
    return e;
}

enum err file_write_all(int fd, struct span content)
{
    size_t done = 0;
    while (done < content.len) {
        ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno != EINTR)
            return code_of(errno);
        if (n > 0)
            done += (size_t)n;
    }
    return ERR_OK;
}

enum err file_sync_name(int dir, const char *name)
{
    char parent[4096];
    const char *slash = strrchr(name, '/');
    if (!slash)
        snprintf(parent, sizeof(parent), ".");
    else if (slash == name)
        snprintf(parent, sizeof(parent), "/");
    else if ((size_t)(slash - name) < sizeof(parent))
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
    else
        return ERR_IO;
    int fd = openat(dir, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return code_of(errno);
    enum err e = fsync(fd) < 0 ? code_of(errno) : ERR_OK;
    close_quietly(fd);
    return e;
}

enum err file_replace(int dir, const char *name, struct span content, mode_t mode)
{
    char temporary[4096];
    /* The process id makes the name this writer's own; one that a dead process left is removed. */
    int n = snprintf(temporary, sizeof(temporary), "%s.%ld.new", name, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    unlinkat(dir, temporary, 0);
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return code_of(errno);
    enum err e = file_write_all(fd, content);
    if (!e && fsync(fd) < 0)
        e = code_of(errno);
    close_quietly(fd);
    if (!e && renameat(dir, temporary, dir, name) < 0)
        e = code_of(errno);
    if (e) {
        int error = errno;
        unlinkat(dir, temporary, 0);
        errno = error;
        return e;
    }
    return file_sync_name(dir, name);
}
