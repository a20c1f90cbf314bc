/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room comes before records, so that an append that fails has changed nothing. */
#include "store/gdbm/ahead.h"

#include <errno.h>
#include <fcntl.h>

#include "store/gdbm/place.h"

#include "base/banned.h"

static enum err write_zeros(struct journal *j, uint64_t size)
{
    static const uint8_t zeros[65536];
    while (j->size < size) {
        size_t n = size - j->size < sizeof(zeros) ? (size_t)(size - j->size) : sizeof(zeros);
        if (!place_write(j->fd, zeros, n, j->size))
            return journal_failed(j, "pwrite");
        j->size += n;
    }
    return ERR_OK;
}

/* Room is allocated, and reads as zeros: a write into it later changes no size, which makes for a third more
 * fdatasyncs a second than a growing file has. Written zeros would make for half as many again, for each byte
 * written twice. Where a file system can't allocate, zeros are written all the same. */
enum err ahead_extend(struct journal *j, uint64_t size)
{
    int failed = 0;
    if (j->size >= size)
        return ERR_OK;
    do
        failed = fallocate(j->fd, 0, (off_t)j->size, (off_t)(size - j->size));
    while (failed != 0 && errno == EINTR);
    if (failed != 0)
        return errno == EOPNOTSUPP || errno == ENOSYS ? write_zeros(j, size)
                                                      : journal_failed(j, "fallocate");
    j->size = size;
    return ERR_OK;
}

enum err ahead_give_headroom(struct journal *j, uint64_t end)
{
    return end + AHEAD_HEADROOM <= j->size ? ERR_OK : ahead_extend(j, end + 2 * AHEAD_HEADROOM);
}

/* Room comes first, so that nothing has to be undone for want of it. */
enum err ahead_make_room(struct journal *j, uint64_t end, bool is_leaving)
{
    if (j->is_unborn || end + AHEAD_HEADROOM <= j->size)
        return ERR_OK;
    enum err e = journal_measure(j); /* somebody else may have extended it */
    if (e || end + AHEAD_HEADROOM <= j->size)
        return e;
    e = ahead_extend(j, end + AHEAD_HEADROOM + AHEAD_STEP);
    if (e == ERR_NO_SPACE && (is_leaving ? end : end + AHEAD_HEADROOM) <= j->size)
        return ERR_OK;
    return e;
}
