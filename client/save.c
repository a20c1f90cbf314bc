/* SPDX-License-Identifier: GPL-3.0-or-later */
/* save.c: makes new files, and only new ones. Whatever fails, no file is left; and a file has its name only when it
 * is whole, so that who is killed leaves nothing, where the file system can make files without names. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/field.h"
#include "say.h"
#include "show.h"
#include "visible.h"

#include "base/banned.h"

#define MOST_NUMBERS 1000
/* Of what is behind a name's last dot: a longer one is no extension, and may be cut. */
#define EXTENSION_MAX 32

/* A new file, open. */
struct made {
    int dir;
    int fd;        /* -1: none yet */
    bool is_whole; /* it has its content, and no name; else it begins with its name */
    char path[32]; /* of its descriptor */
};

static bool write_durably(int fd, struct span data)
{
    return file_write_all(fd, data) == ERR_OK && fsync(fd) == 0;
}

/* The whole content, still without a name, where that can be (not by NFS, FAT, or without /proc). False and errno if
 * it can't be written. */
static bool begin(struct made *made, int dir, struct span data)
{
    struct stat st;
    *made = (struct made){.dir = dir};
    made->fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    (void)snprintf(made->path, sizeof(made->path), "/proc/self/fd/%d", made->fd);
    if (made->fd >= 0 && stat(made->path, &st) != 0) {
        (void)close(made->fd);
        made->fd = -1;
    }
    made->is_whole = made->fd >= 0;
    return made->fd < 0 || write_durably(made->fd, data);
}

/* False and errno, EEXIST for one, if it can't have this name. */
static bool name_it(struct made *made, const char *name)
{
    if (made->is_whole)
        return linkat(AT_FDCWD, made->path, made->dir, name, AT_SYMLINK_FOLLOW) == 0;
    made->fd = openat(made->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return made->fd >= 0;
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

static bool name_numbered(struct made *made, const char *wanted, char name[static NAME_MAX + 1])
{
    bool is_named = false;
    errno = EEXIST;
    for (int number = 1; !is_named && errno == EEXIST && number <= MOST_NUMBERS; number++) {
        make_name(name, wanted, number);
        is_named = name_it(made, name);
    }
    return is_named;
}

/* Whether it is the name's fault: taken, or nothing that this file system takes. */
static bool is_names_fault(int number)
{
    return number == EEXIST || number == ENAMETOOLONG || number == EINVAL || number == EILSEQ;
}

/* By the sender's name for it, or its id. */
static bool name_in(struct made *made, const struct saving *saving, char name[static NAME_MAX + 1])
{
    /* The envelope's check has refused such names already; a path is worth two looks. */
    bool is_safe = field_is_file_name(span_str(saving->name));
    bool is_named = is_safe && name_numbered(made, saving->name, name);
    if (!is_safe || (!is_named && is_names_fault(errno)))
        is_named = name_numbered(made, saving->id, name);
    return is_named;
}

/* The file and its name are durable, or it goes again. */
static bool finish(const struct made *made, const char *name, struct span data)
{
    bool is_kept = (made->is_whole || write_durably(made->fd, data)) && fsync(made->dir) == 0;
    int saved = errno;
    if (!is_kept)
        (void)unlinkat(made->dir, name, 0);
    errno = saved;
    return is_kept;
}

static bool fit(char path[static PATH_MAX], const char *parent, const char *slash, const char *name)
{
    if (snprintf(path, PATH_MAX, "%s%s%s", parent, slash, name) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static bool save_in(int dir, const struct saving *saving, char path[static PATH_MAX])
{
    char name[NAME_MAX + 1];
    struct made made;
    bool is_named = begin(&made, dir, saving->data) && name_in(&made, saving, name);
    bool is_saved = is_named && finish(&made, name, saving->data);
    if (is_saved && !fit(path, saving->output, "/", name)) {
        (void)unlinkat(dir, name, 0);
        is_saved = false;
    }
    int saved = errno;
    if (made.fd >= 0)
        (void)close(made.fd);
    errno = saved;
    return is_saved;
}

static bool save_as(const struct saving *saving, char path[static PATH_MAX])
{
    char parent[PATH_MAX];
    struct made made = {.fd = -1};
    const char *slash = strrchr(saving->output, '/');
    const char *name = slash != NULL ? slash + 1 : saving->output;
    int len = (int)(name - saving->output);
    if (!fit(path, saving->output, "", ""))
        return false;
    (void)snprintf(parent, sizeof(parent), "%.*s", len, saving->output);
    int dir = open(len > 0 ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    bool is_saved = begin(&made, dir, saving->data) && name_it(&made, name) &&
                    finish(&made, name, saving->data);
    int saved = errno;
    if (made.fd >= 0)
        (void)close(made.fd);
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

enum status save_or_print(const struct saving *saving, const char *what)
{
    char path[PATH_MAX];
    bool goes_on;
    if (saving->output == NULL) {
        enum err err = show_raw(saving->data);
        return err == ERR_OK ? STATUS_OK : say_failure(err, what);
    }
    enum status status = save_data(saving, path, &goes_on);
    if (status == STATUS_OK) {
        struct visible_value shown = visible_value(span_str(path));
        say("saved as %s.", shown.text);
    }
    return status;
}

void save_undo(const char *path)
{
    (void)unlink(path);
}
