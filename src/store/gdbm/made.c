/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: before anybody is told of an account in a shard, the shard is noted here; and a shard that is
 * noted was durable before. */
#include "store/gdbm/made.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/log.h"
#include "store/gdbm/layout.h"
#include "store/gdbm/place.h"

#include "base/banned.h"

static enum err failed(unsigned number)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    if (errno == EROFS)
        return ERR_READ_ONLY;
    log_event(LOG_LEVEL_ERROR, "made_write_failed", "shard=%u errno=%d", number, errno);
    return ERR_IO;
}

bool made_is_noted(int shards, unsigned number)
{
    uint8_t byte = 0;
    int fd = openat(shards, MADE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool is_noted = place_read(fd, &byte, 1, number) == 1 && byte == 1;
    close(fd);
    return is_noted;
}

/* The file's name must last as well as its content; it is new only once. */
static enum err sync_both(int shards, int fd, unsigned number)
{
    int dir = openat(shards, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = dir < 0 || fsync(fd) != 0 || fsync(dir) != 0 ? failed(number) : ERR_OK;
    if (dir >= 0)
        close(dir);
    return e;
}

enum err made_note(int shards, unsigned number)
{
    return made_is_noted(shards, number) ? ERR_OK : made_note_again(shards, number);
}

enum err made_note_again(int shards, unsigned number)
{
    static const uint8_t byte = 1;
    int fd = openat(shards, MADE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(number);
    enum err e = pwrite(fd, &byte, 1, (off_t)number) == 1 ? ERR_OK : failed(number);
    if (!e)
        e = sync_both(shards, fd, number);
    close(fd);
    return e;
}

unsigned made_or_another(int shards, unsigned number, unsigned count)
{
    uint8_t noted[LAYOUT_SHARDS_MAX] = {0};
    unsigned others = 0;
    int fd = openat(shards, MADE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? 0 : place_read(fd, noted, count, 0);
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++)
        others += noted[i] == 1;
    unsigned left = others > 0 ? number % others : 0;
    unsigned other = number;
    for (unsigned i = 0; others > 0 && i < count; i++)
        if (noted[i] == 1 && left-- == 0)
            other = i;
    return noted[number] == 1 ? number : other;
}
