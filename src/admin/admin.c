/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, and ending: each failure is one line that says what is wrong, and a status of sysexits.h. */
#include "admin/admin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admin/progress.h"

#include "base/banned.h"

#define ITEMS_MAX (SIZE_MAX / 4) /* bytes of a shard's part of a list */

static int status_of(enum err error)
{
    switch (error) {
    case ERR_NOT_FOUND:
        return EX_NOUSER;
    case ERR_MALFORMED:
        return EX_NOINPUT;
    case ERR_DENIED:
        return EX_NOPERM;
    case ERR_UNSUPPORTED:
        return EX_UNAVAILABLE;
    case ERR_BUSY:
        return EX_TEMPFAIL;
    case ERR_NO_SPACE:
    case ERR_READ_ONLY:
        return EX_CANTCREAT;
    case ERR_DAMAGED:
        return EX_DATAERR;
    case ERR_NO_MEMORY:
        return EX_OSERR;
    default:
        return EX_IOERR;
    }
}

int admin_fail(enum err error, const char *what)
{
    fprintf(stderr, "secmsg-admin: %s: %s\n", what, err_text(error));
    return status_of(error);
}

int admin_misuse(const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    fprintf(stderr, "secmsg-admin: %s; see secmsg-admin --help\n", message);
    return EX_USAGE;
}

const char *admin_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

enum err admin_settle_seen(struct admin *admin)
{
    enum err e = store_settle(admin->store);
    return e == ERR_READ_ONLY ? ERR_OK : e;
}

struct admin_time admin_time(uint64_t seconds)
{
    struct admin_time result = {"?"};
    time_t at = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&at, &tm) != NULL)
        strftime(result.text, sizeof(result.text), "%Y-%m-%d %H:%M UTC", &tm);
    return result;
}

struct admin_name admin_shard_name(unsigned shard)
{
    struct admin_name name;
    snprintf(name.text, sizeof(name.text), "shard %u", shard);
    return name;
}

int admin_each_shard(struct admin *admin, const char *word, admin_shard_visitor *visit,
                     void *context)
{
    struct progress progress = {0};
    unsigned n = operate_shard_count(admin->store);
    int status = EX_OK;
    if (word != NULL)
        progress_begin(&progress, word, n);
    for (unsigned i = 0; i < n; i++) {
        progress_show(&progress, i);
        enum err e = visit(admin, i, context);
        if (e)
            status = admin_fail(e, admin_shard_name(i).text);
    }
    progress_end(&progress);
    return status;
}

/* Printed with no work under way that somebody could wait for. */
static enum err list_shard(struct admin *admin, unsigned shard, void *context)
{
    const struct admin_list *const *list = context;
    struct buf items = BUF_INIT(ITEMS_MAX);
    enum err e = (*list)->gather(admin->store, shard, &items);
    if (!e || e == ERR_NOT_FOUND)
        e = admin_settle_seen(admin);
    for (size_t at = 0; !e && at < items.len; at += (*list)->size)
        (*list)->print(admin, items.data + at);
    buf_free(&items);
    return e;
}

/* Where a terminal is shown the list itself, that shows how far it is. */
int admin_list(struct admin *admin, const struct admin_list *list)
{
    const char *word = isatty(STDOUT_FILENO) == 1 ? NULL : list->word;
    return admin_each_shard(admin, word, list_shard, &list);
}

int admin_open_or_found(struct admin *admin)
{
    char message[512] = "";
    enum err e = store_open(&admin->store, admin->path, &admin->quota, message, sizeof(message));
    if (!e)
        return EX_OK;
    fprintf(stderr, "secmsg-admin: %s\n", message);
    return status_of(e);
}

/* store_open would found a store in a directory that is missing or empty: a mistyped path must not become
 * one. What else may be wrong with it, store_open says. */
int admin_open(struct admin *admin)
{
    char conf[sizeof(admin->path) + 16];
    struct stat st;
    snprintf(conf, sizeof(conf), "%s/store.conf", admin->path);
    bool is_missing = stat(conf, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
    snprintf(conf, sizeof(conf), "%s/backup.begun", admin->path);
    if (is_missing && stat(conf, &st) == 0) {
        fprintf(stderr,
                "secmsg-admin: %s: is a backup, or was to be restored from one, and isn't "
                "finished; give the same command again\n",
                admin->path);
        return EX_NOINPUT;
    }
    snprintf(conf, sizeof(conf), "%s/shards/made", admin->path);
    if (is_missing && stat(conf, &st) == 0) {
        fprintf(stderr,
                "secmsg-admin: %s: is a store without its store.conf; restore that file from the "
                "backup\n",
                admin->path);
        return EX_DATAERR;
    }
    if (is_missing && strstr(admin->path, "://") == NULL) {
        fprintf(stderr,
                "secmsg-admin: %s: isn't a store; give --store the directory of one, or make one "
                "there with secmsg-admin init\n",
                admin->path);
        return EX_NOINPUT;
    }
    return admin_open_or_found(admin);
}
