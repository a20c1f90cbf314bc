/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Standard output through a stream that remembers why it failed: errno of a failed printf is long gone when the
 * end is told. */
#include "admin/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/banned.h"

static int error;
static bool is_told;

static ssize_t write_through(void *cookie, const char *data, size_t n)
{
    (void)cookie;
    size_t done = 0;
    while (done < n) {
        ssize_t written = write(STDOUT_FILENO, data + done, n - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            if (error == 0)
                error = errno;
            return 0;
        }
        done += (size_t)written;
    }
    return (ssize_t)done;
}

void output_open(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_through});
    if (stream != NULL)
        stdout = stream;
    setvbuf(stdout, NULL, _IOLBF, 0);
}

int output_check(int status, const char *what_follows)
{
    bool is_whole = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (is_whole)
        return status;
    if (!is_told)
        fprintf(stderr, "secmsg-admin: standard output can't be written: %s%s%s\n",
                strerror(error != 0 ? error : EIO), what_follows != NULL ? "; " : "",
                what_follows != NULL ? what_follows : "");
    is_told = true;
    return status == EX_OK ? EX_IOERR : status;
}
