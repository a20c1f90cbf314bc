/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files the faults concern: those in FAULTS_DIR, by the path that they were opened under. */
#include "faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS 1024

static char *paths[FDS]; /* of descriptors inside the directory, and of the told file */
static bool is_told[FDS];

static bool resolve_ups(char path[static PATH_MAX])
{
    unsigned ups = 0; /* of directories just opened: no links */
    for (size_t end = strlen(path); end > 3 && strcmp(path + end - 3, "/..") == 0; end -= 3, ups++)
        path[end - 3] = '\0';
    for (char *last; ups > 0 && (last = strrchr(path, '/')) != NULL; ups--)
        *last = '\0';
    return true;
}

bool place_full(char path[static PATH_MAX], int dir, const char *name)
{
    char base[PATH_MAX] = "";
    char link[40];
    if (*name != '/') {
        snprintf(link, sizeof(link), dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
        ssize_t n = readlink(link, base, sizeof(base) - 1);
        if (n <= 0)
            return false;
        base[n] = '\0';
    }
    int n = strcmp(name, ".") == 0 ? snprintf(path, PATH_MAX, "%s", base)
            : *name == '/'         ? snprintf(path, PATH_MAX, "%s", name)
                                   : snprintf(path, PATH_MAX, "%s/%s", base, name);
    return n > 0 && n < PATH_MAX && resolve_ups(path);
}

const char *place_inside(const char *path)
{
    const char *directory = getenv("FAULTS_DIR");
    size_t n = directory == NULL ? 0 : strlen(directory);
    if (n == 0)
        return NULL;
    if (strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0'))
        return path[n] == '/' ? path + n + 1 : "";
    size_t parent = (size_t)(strrchr(directory, '/') - directory);
    return strlen(path) == parent && strncmp(path, directory, parent) == 0 ? ".." : NULL;
}

const char *place_of(int fd)
{
    return fd >= 0 && fd < FDS ? paths[fd] : NULL;
}

bool place_is_told(int fd)
{
    return place_of(fd) != NULL && is_told[fd];
}

void place_remember(int fd, const char *path)
{
    if (fd < 0 || fd >= FDS)
        return;
    free(paths[fd]);
    paths[fd] = path == NULL ? NULL : strdup(path);
    is_told[fd] = false;
}

void place_remember_told(int fd, const char *path)
{
    const char *told = getenv("FAULTS_TOLD");
    if (fd < 0 || fd >= FDS || told == NULL || strcmp(path, told) != 0)
        return;
    place_remember(fd, path);
    is_told[fd] = true;
}
