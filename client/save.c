/* SPDX-License-Identifier: GPL-3.0-or-later */
/* save.c: makes new files, and only new ones. Whatever fails, no file is left. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/field.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define MOST_NUMBERS 1000
/* Of what is behind a name's last dot: a longer one is no extension, and may be cut. */
#define EXTENSION_MAX 32

static int create(int dir, const char *name)
{
    return openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* `report.pdf`, then `report.2.pdf`, and so on. A stem that leaves no room is cut between characters. */
static void make_name(char name[static NAME_MAX + 1], const char *wanted, int number)
{
    char tail[16] = "";
    const char *dot = strrchr(wanted, '.');
    bool has_extension = dot != NULL && dot != wanted && strlen(dot) <= EXTENSION_MAX;
    size_t stem = has_extension ? (size_t)(dot - wanted) : strlen(wanted);
    const char *extension = has_extension ? dot : "";
    if (number > 1)
        (void)snprintf(tail, sizeof(tail), ".%d", number);
    size_t room = NAME_MAX - strlen(tail) - strlen(extension);
    if (stem > room) {
        stem = room;
        while (stem > 0 && ((uint8_t)wanted[stem] & 0xc0) == 0x80)
            stem--;
    }
    (void)snprintf(name, NAME_MAX + 1, "%.*s%s%s", (int)stem, wanted, tail, extension);
}

/* Returns -1 and errno if none can be made. */
static int create_numbered(int dir, const char *wanted, char name[static NAME_MAX + 1])
{
    int fd = -1;
    errno = EEXIST;
    for (int number = 1; fd < 0 && errno == EEXIST && number <= MOST_NUMBERS; number++) {
        make_name(name, wanted, number);
        fd = create(dir, name);
    }
    return fd;
}

/* Whether it is the name's fault: taken, or nothing that this file system takes. */
static bool is_names_fault(int number)
{
    return number == EEXIST || number == ENAMETOOLONG || number == EINVAL || number == EILSEQ;
}

/* Under the sender's name for it, or its id. */
static int create_in(int dir, const struct saving *saving, char name[static NAME_MAX + 1])
{
    int fd = -1;
    /* The envelope's check has refused such names already; a path is worth two looks. */
    bool is_safe = field_is_file_name(span_str(saving->name));
    if (is_safe)
        fd = create_numbered(dir, saving->name, name);
    if (!is_safe || (fd < 0 && is_names_fault(errno)))
        fd = create_numbered(dir, saving->id, name);
    return fd;
}

/* Closes fd. The file and its name are durable, or it goes again. */
static bool fill(int fd, int dir, const char *name, struct span data)
{
    bool is_kept = file_write_all(fd, data) == ERR_OK && fsync(fd) == 0 && fsync(dir) == 0;
    int saved = errno;
    if (close(fd) != 0 && is_kept) {
        is_kept = false;
        saved = errno;
    }
    if (!is_kept)
        (void)unlinkat(dir, name, 0);
    errno = saved;
    return is_kept;
}

static bool save_in(int dir, const struct saving *saving, char path[static PATH_MAX])
{
    char name[NAME_MAX + 1];
    int fd = create_in(dir, saving, name);
    if (fd < 0)
        return false;
    if (snprintf(path, PATH_MAX, "%s/%s", saving->output, name) < PATH_MAX)
        return fill(fd, dir, name, saving->data);
    (void)close(fd);
    (void)unlinkat(dir, name, 0);
    errno = ENAMETOOLONG;
    return false;
}

static bool save_as(const struct saving *saving, char path[static PATH_MAX])
{
    char parent[PATH_MAX];
    const char *slash = strrchr(saving->output, '/');
    const char *name = slash != NULL ? slash + 1 : saving->output;
    int len = (int)(name - saving->output);
    if (snprintf(path, PATH_MAX, "%s", saving->output) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)snprintf(parent, sizeof(parent), "%.*s", len, saving->output);
    int dir = open(len > 0 ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    int fd = create(dir, name);
    bool is_saved = fd >= 0 && fill(fd, dir, name, saving->data);
    int saved = errno;
    (void)close(dir);
    errno = saved;
    return is_saved;
}

enum status save_data(const struct saving *saving, char path[static PATH_MAX], bool *goes_on)
{
    int dir = open(saving->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_saved = dir >= 0 ? save_in(dir, saving, path) : save_as(saving, path);
    int number = errno;
    *goes_on = dir >= 0 && (is_names_fault(number) || number == EFBIG);
    if (dir >= 0)
        (void)close(dir);
    if (is_saved)
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(saving->output));
    say("can't save to %s: %s.%s", shown.text, strerror(number),
        saving->is_archived ? "" : " The message stays on the server.");
    return STATUS_CANT_CREATE;
}

void save_undo(const char *path)
{
    (void)unlink(path);
}
