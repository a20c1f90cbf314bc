/* SPDX-License-Identifier: GPL-3.0-or-later */
/* save.c: makes new files, and only new ones. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define MOST_NUMBERS 1000

static enum status say_cannot(const char *path)
{
    struct visible_value shown = visible_value(span_str(path));
    say("can't save to %s: %s. The message stays on the server.", shown.text, strerror(errno));
    return STATUS_CANT_CREATE;
}

static int create(int dir, const char *name)
{
    return openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* `report.pdf`, then `report.2.pdf`, and so on; returns -1 and errno if none can be made. */
static int create_numbered(int dir, const char *wanted, char name[static NAME_MAX + 1])
{
    const char *dot = strrchr(wanted, '.');
    size_t stem = dot != NULL && dot != wanted ? (size_t)(dot - wanted) : strlen(wanted);
    for (int number = 1; number <= MOST_NUMBERS; number++) {
        int len = number == 1 ? snprintf(name, NAME_MAX + 1, "%s", wanted)
                              : snprintf(name, NAME_MAX + 1, "%.*s.%d%s", (int)stem, wanted, number,
                                         wanted + stem);
        if (len < 0 || len > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = create(dir, name);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Closes fd. The file goes again if it can't be written whole. */
static enum status fill(int fd, int dir, const char *name, const struct saving *saving)
{
    enum err err = file_write_all(fd, saving->data);
    bool is_kept = err == ERR_OK && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && is_kept) {
        is_kept = false;
        saved = errno;
    }
    if (is_kept)
        return STATUS_OK;
    (void)unlinkat(dir, name, 0);
    errno = saved;
    return say_cannot(saving->output);
}

static enum status save_in(int dir, const struct saving *saving, char path[static PATH_MAX])
{
    char name[NAME_MAX + 1];
    /* The envelope's check has refused such names already; a path is worth two looks. */
    bool is_safe = field_is_file_name(span_str(saving->name));
    int fd = create_numbered(dir, is_safe ? saving->name : saving->id, name);
    if (fd < 0)
        return say_cannot(saving->output);
    enum status status = fill(fd, dir, name, saving);
    if (status == STATUS_OK && fsync(dir) != 0)
        status = say_cannot(saving->output);
    if (snprintf(path, PATH_MAX, "%s/%s", saving->output, name) >= PATH_MAX)
        path[0] = '\0';
    return status;
}

enum status save_data(const struct saving *saving, char path[static PATH_MAX])
{
    enum status status;
    int dir = open(saving->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        status = save_in(dir, saving, path);
        (void)close(dir);
        return status;
    }
    int fd = create(AT_FDCWD, saving->output);
    if (fd < 0)
        return say_cannot(saving->output);
    if (snprintf(path, PATH_MAX, "%s", saving->output) >= PATH_MAX)
        path[0] = '\0';
    return fill(fd, AT_FDCWD, saving->output, saving);
}
