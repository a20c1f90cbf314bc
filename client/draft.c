/* SPDX-License-Identifier: GPL-3.0-or-later */
/* draft.c: keeps unfinished messages, sealed: a file is there whole or not at all. */
#include "draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/fernet.h"

#include "base/banned.h"

#define PREFIX    "draft-"
#define NAME_SIZE (sizeof(PREFIX) + FIELD_USER_SIZE)
#define TOKEN_MAX (2 * CONNECTION_LINE_MAX)

static void write_name(char name[static NAME_SIZE], const char *to)
{
    (void)snprintf(name, NAME_SIZE, PREFIX "%s", to);
}

enum err draft_keep(const struct session *s, const char *to, struct span text)
{
    char name[NAME_SIZE];
    struct buf token = BUF_INIT(TOKEN_MAX);
    write_name(name, to);
    enum err err = fernet_seal(&token, s->ring.vault.archive, clock_wall(), text);
    if (err == ERR_OK)
        err = file_replace(s->account.dir, name, buf_span(&token), 0600);
    buf_free(&token);
    return err;
}

enum err draft_load(const struct session *s, const char *to, struct buf *text)
{
    char name[NAME_SIZE];
    struct buf token = BUF_INIT(TOKEN_MAX);
    write_name(name, to);
    enum err err = file_read(s->account.dir, name, &token);
    if (err == ERR_OK)
        err = fernet_open(text, s->ring.vault.archive, buf_span(&token));
    buf_free(&token);
    return err;
}

enum err draft_drop(const struct session *s, const char *to)
{
    char name[NAME_SIZE];
    write_name(name, to);
    if (unlinkat(s->account.dir, name, 0) != 0)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    return fsync(s->account.dir) == 0 ? ERR_OK : ERR_IO;
}

bool draft_find(const struct session *s, char to[static FIELD_USER_SIZE])
{
    const size_t prefix = strlen(PREFIX);
    bool is_found = false;
    int fd = openat(s->account.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0)
        (void)close(fd);
    for (struct dirent *entry; dir != NULL && !is_found && (entry = readdir(dir)) != NULL;) {
        struct span name = span_str(entry->d_name);
        if (name.len <= prefix || memcmp(name.data, PREFIX, prefix) != 0)
            continue;
        struct span user = span_of(name.data + prefix, name.len - prefix);
        is_found = field_is_user(user) && span_to_text(user, to, FIELD_USER_SIZE);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return is_found;
}
