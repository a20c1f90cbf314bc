/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call may do less than it was asked for: that is neither the file's end nor a full disk. */
#include "store/gdbm/place.h"

#include <errno.h>
#include <unistd.h>

#include "base/banned.h"

ssize_t place_read(int fd, void *data, size_t n, uint64_t place)
{
    uint8_t *bytes = data;
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, bytes + done, n - done, (off_t)(place + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

bool place_write(int fd, const void *data, size_t n, uint64_t place)
{
    const uint8_t *bytes = data;
    for (size_t done = 0; done < n;) {
        ssize_t put = pwrite(fd, bytes + done, n - done, (off_t)(place + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}
