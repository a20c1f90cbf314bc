/* SPDX-License-Identifier: GPL-3.0-or-later */
/* temporary.h: a directory of a test's own, which is the working directory while it runs. */
#ifndef SECMSG_TESTS_UNIT_TEMPORARY_H
#define SECMSG_TESTS_UNIT_TEMPORARY_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct temporary {
    char path[256];
    int before; /* the working directory that is gone back to */
};

/* A cmocka set-up: *state becomes a struct temporary. */
static int temporary_enter(void **state)
{
    static struct temporary t;
    const char *base = getenv("TMPDIR");
    snprintf(t.path, sizeof(t.path), "%s/secmsg-unit-XXXXXX", base && *base ? base : "/tmp");
    t.before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &t;
    return t.before >= 0 && mkdtemp(t.path) && chdir(t.path) == 0 ? 0 : -1;
}

/* Its tear-down: removes the directory and what lies in it, one level deep. */
static int temporary_leave(void **state)
{
    struct temporary *t = *state;
    DIR *dir = opendir(t->path);
    if (!dir)
        return -1;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
                unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    closedir(dir);
    int failed = fchdir(t->before) < 0;
    close(t->before);
    return rmdir(t->path) < 0 || failed ? -1 : 0;
}

#endif
