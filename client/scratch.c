/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scratch.c: keeps the one place where a text lies on the disk unsealed as short-lived as it can be. */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "say.h"

#include "base/banned.h"

#define PREFIX    "text-"
#define SUFFIX    ".txt"
#define NAME_LEN  (sizeof(((struct scratch *)NULL)->name) - 1)
#define NAMES_MAX ((size_t)64 << 10)

void scratch_file(const struct scratch *scratch, char path[static SCRATCH_FILE_SIZE])
{
    (void)snprintf(path, SCRATCH_FILE_SIZE, "%s/%s" SUFFIX, scratch->name, scratch->to);
}

/* A directory's entries; NULL and errno if it can't be read. */
static DIR *list(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0)
        (void)close(fd);
    return dir;
}

/* ERR_BUSY: its editor lives. */
static enum err open_locked(struct scratch *scratch)
{
    scratch->dir =
        openat(scratch->account, scratch->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (scratch->dir >= 0 && flock(scratch->dir, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    return scratch->dir >= 0 && errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
}

static void close_scratch(struct scratch *scratch)
{
    int saved = errno;
    if (scratch->dir >= 0)
        (void)close(scratch->dir);
    scratch->dir = -1;
    errno = saved;
}

/* With all that an editor has put into it. */
static enum err remove_all(struct scratch *scratch)
{
    DIR *dir = list(scratch->account, scratch->name);
    bool is_gone = dir != NULL;
    for (struct dirent *entry; is_gone && (entry = readdir(dir)) != NULL;)
        is_gone = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                  unlinkat(scratch->dir, entry->d_name, 0) == 0;
    is_gone = is_gone && unlinkat(scratch->account, scratch->name, AT_REMOVEDIR) == 0 &&
              fsync(scratch->account) == 0;
    int saved = errno;
    if (dir != NULL)
        (void)closedir(dir);
    errno = saved;
    return is_gone ? ERR_OK : ERR_IO;
}

static enum err write_text(const struct scratch *scratch, struct span text)
{
    char path[SCRATCH_FILE_SIZE];
    scratch_file(scratch, path);
    int fd =
        openat(scratch->account, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_IO;
    enum err err = file_write_all(fd, text);
    return close(fd) == 0 || err != ERR_OK ? err : ERR_IO;
}

enum err scratch_make(struct scratch *scratch, const struct session *s, const char *to,
                      struct span text)
{
    char id[FIELD_ID_SIZE];
    int lock = -1;
    *scratch = (struct scratch){.account = s->account.dir, .dir = -1};
    field_make_id(id);
    (void)snprintf(scratch->name, sizeof(scratch->name), PREFIX "%.8s", id);
    memcpy(scratch->to, to, strlen(to) + 1);
    /* Nobody may find it before it is locked. */
    enum err err = home_lock(scratch->account, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK && mkdirat(scratch->account, scratch->name, 0700) != 0)
        err = ERR_IO;
    bool is_made = err == ERR_OK;
    if (is_made)
        err = open_locked(scratch);
    home_unlock(lock);
    if (err == ERR_OK)
        err = write_text(scratch, text);
    if (err != ERR_OK && is_made && remove_all(scratch) != ERR_OK)
        say("can't remove %s from %s: do that by hand.", scratch->name, s->account.path);
    if (err != ERR_OK)
        close_scratch(scratch);
    return err;
}

/* Whose text it is: ERR_NOT_FOUND if there is none. */
static enum err find_recipient(struct scratch *scratch)
{
    const size_t suffix = strlen(SUFFIX);
    enum err err = ERR_NOT_FOUND;
    DIR *dir = list(scratch->account, scratch->name);
    if (dir == NULL)
        return ERR_IO;
    for (struct dirent *entry; err != ERR_OK && (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        struct span user = span_of(entry->d_name, len > suffix ? len - suffix : 0);
        if (user.len > 0 && strcmp(entry->d_name + user.len, SUFFIX) == 0 && field_is_user(user) &&
            span_to_text(user, scratch->to, sizeof(scratch->to)))
            err = ERR_OK;
    }
    (void)closedir(dir);
    return err;
}

static enum status say_stays(const struct scratch *scratch, const struct session *s, enum err err)
{
    struct visible_value dir = visible_value(span_str(s->account.path));
    enum status status = say_failure(err, "can't make a draft of what was written in the editor");
    say("It stays, unsealed, in %s/%s.", dir.text, scratch->name);
    return status;
}

enum status scratch_take(struct scratch *scratch, const struct session *s, struct buf *text)
{
    char path[SCRATCH_FILE_SIZE];
    scratch_file(scratch, path);
    buf_clear(text);
    enum err err = file_read(scratch->account, path, text);
    if (err == ERR_OK && text->len > 0)
        err = draft_keep(s, scratch->to, buf_span(text));
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        close_scratch(scratch);
        return say_stays(scratch, s, err);
    }
    err = remove_all(scratch);
    close_scratch(scratch);
    return err == ERR_OK ? STATUS_OK
                         : say_failure(err, "can't remove the directory that the editor had");
}

/* What is done with each that has no living editor; it is open and locked. */
typedef enum err visit(struct scratch *scratch, const struct session *s);

static enum err recover(struct scratch *scratch, const struct session *s)
{
    struct buf text = BUF_INIT(DRAFT_MAX);
    enum err err = find_recipient(scratch);
    if (err == ERR_NOT_FOUND)
        err = remove_all(scratch);
    else if (err == ERR_OK && scratch_take(scratch, s, &text) == STATUS_OK && text.len > 0)
        say("What was written to %s in an editor, which was cut off, is a draft now: `edit %s` at "
            "the prompt goes on with it.",
            scratch->to, scratch->to);
    buf_free(&text);
    return err;
}

static enum err discard(struct scratch *scratch, const struct session *s)
{
    (void)s;
    enum err found = find_recipient(scratch);
    enum err err = remove_all(scratch);
    if (err == ERR_OK && found == ERR_OK)
        say("What was written to %s in an editor, which was cut off, was removed.", scratch->to);
    return err;
}

/* The names of all that there are, each with its zero. */
static enum err list_names(const struct session *s, struct buf *names)
{
    enum err err = ERR_OK;
    DIR *dir = list(s->account.dir, ".");
    if (dir == NULL)
        return ERR_IO;
    for (struct dirent *entry; err == ERR_OK && (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len == NAME_LEN && strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
            err = buf_append(names, entry->d_name, len + 1);
    }
    (void)closedir(dir);
    return err;
}

static enum err for_each(const struct session *s, visit *visitor)
{
    struct buf names = BUF_INIT(NAMES_MAX);
    int lock = -1;
    enum err err = list_names(s, &names);
    if (err == ERR_OK && names.len > 0)
        err = home_lock(s->account.dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    for (size_t at = 0; err == ERR_OK && at < names.len; at += NAME_LEN + 1) {
        struct scratch scratch = {.account = s->account.dir, .dir = -1};
        memcpy(scratch.name, names.data + at, NAME_LEN + 1);
        err = open_locked(&scratch);
        if (err == ERR_OK)
            err = visitor(&scratch, s);
        else if (err == ERR_BUSY)
            err = ERR_OK;
        close_scratch(&scratch);
    }
    home_unlock(lock);
    buf_free(&names);
    return err;
}

void scratch_recover(const struct session *s)
{
    enum err err = for_each(s, recover);
    if (err != ERR_OK)
        (void)say_failure(err, "can't keep what was written in an editor that was cut off");
}

enum err scratch_remove_left(const struct session *s)
{
    return for_each(s, discard);
}
