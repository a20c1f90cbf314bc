/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copying some megabytes costs milliseconds under the lock; asking for each entry there would cost seconds. In memory
 * it needs no room on a disk that may be full, and nothing is written that is read once. */
#include "store/gdbm/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

#define COPY_NAME "index.copy"
#define BLOCK     ((size_t)256 * 1024)

static enum err failed(const char *call)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return ERR_NO_SPACE;
    if (errno == EROFS || errno == EACCES)
        return ERR_READ_ONLY;
    log_event(LOG_LEVEL_ERROR, "snapshot_failed", "call=%s errno=%d", call, errno);
    return ERR_IO;
}

static enum err write_block(int to, const uint8_t *block, size_t n)
{
    while (n > 0) {
        ssize_t done = write(to, block, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return failed("write");
        block += done;
        n -= (size_t)done;
    }
    return ERR_OK;
}

static enum err copy_bytes(int from, int to)
{
    uint8_t *block = malloc(BLOCK);
    enum err e = block == NULL ? ERR_NO_MEMORY : ERR_OK;
    while (!e) {
        ssize_t n = read(from, block, BLOCK);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            e = failed("read");
        if (n > 0)
            e = write_block(to, block, (size_t)n);
    }
    free(block);
    return e;
}

static enum err copy_to_memory(struct index **copy, const struct shard *shard, int from)
{
    int to = memfd_create(COPY_NAME, MFD_CLOEXEC);
    enum err e = to < 0 ? failed("memfd_create") : copy_bytes(from, to);
    if (!e && lseek(to, 0, SEEK_SET) != 0)
        e = failed("lseek");
    if (!e)
        return index_open_copy(copy, to, shard->index);
    if (to >= 0)
        close(to);
    return e;
}

static enum err copy_to_disk(struct index **copy, const struct shard *shard, int from)
{
    int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int to = openat(shard->dir, COPY_NAME, flags, 0600);
    enum err e = to < 0 ? failed("create") : copy_bytes(from, to);
    if (!e)
        e = index_open_copy(copy, to, shard->index);
    else if (to >= 0)
        close(to);
    unlinkat(shard->dir, COPY_NAME, 0);
    return e;
}

enum err snapshot_index(struct index **copy, const struct shard *shard)
{
    *copy = NULL;
    int from = openat(shard->dir, INDEX_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return failed("open");
    enum err e = shard->marker.index_size > SNAPSHOT_IN_MEMORY ? copy_to_disk(copy, shard, from)
                                                               : copy_to_memory(copy, shard, from);
    close(from);
    return e;
}
