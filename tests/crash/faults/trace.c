/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Appends what was done to FAULTS_TRACE, each change in one write, so that a kill leaves whole records. */
#include "faults.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int trace = -1;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTS_TRACE");
    if (path != NULL)
        trace = files_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (path != NULL && trace < 0)
        abort();
}

void trace_record(struct head head, const void *first, const void *second)
{
    if (trace < 0)
        return;
    head.first = first == NULL ? 0 : head.first > 0 ? head.first : strlen(first);
    head.second = second == NULL ? 0 : strlen(second);
    size_t size = sizeof(head) + head.first + head.second;
    char *all = malloc(size);
    if (all == NULL)
        abort();
    memcpy(all, &head, sizeof(head));
    if (head.first > 0)
        memcpy(all + sizeof(head), first, head.first);
    if (head.second > 0)
        memcpy(all + sizeof(head) + head.first, second, head.second);
    if (bytes_write(trace, all, size) != (ssize_t)size)
        abort();
    free(all);
}

uint64_t trace_inode(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}
