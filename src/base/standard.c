/* SPDX-License-Identifier: GPL-3.0-or-later */
/* standard.c: a closed descriptor isn't the same as /dev/null: what was asked for must not vanish unnoticed. */
#include "base/standard.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/banned.h"

bool standard_fill(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return false;
    return true;
}
