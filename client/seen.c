/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seen.c: the ids of shown messages. A line that a crash cut short is removed before the next is added. */
#include "seen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/field.h"

#include "base/banned.h"

#define FILE_MAX  ((size_t)1 << 30)
#define CHUNK     65536
#define LINE_SIZE (FIELD_ID_LEN + FIELD_USER_MAX + sizeof(" \n"))

enum err seen_open(struct seen *seen, int account_dir)
{
    seen->text = BUF_INIT(FILE_MAX);
    seen->fd = openat(account_dir, "seen", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (seen->fd < 0)
        return ERR_IO;
    /* The name, in case the file is new. */
    return fsync(account_dir) == 0 ? ERR_OK : ERR_IO;
}

void seen_close(struct seen *seen)
{
    if (seen->fd >= 0)
        (void)close(seen->fd);
    seen->fd = -1;
    buf_free(&seen->text);
}

static enum err cut_torn_line(struct seen *seen)
{
    size_t len = seen->text.len;
    while (len > 0 && seen->text.data[len - 1] != '\n')
        len--;
    if (len == seen->text.len)
        return ERR_OK;
    buf_truncate(&seen->text, len);
    return ftruncate(seen->fd, (off_t)len) == 0 ? ERR_OK : ERR_IO;
}

static enum err read_on(struct seen *seen)
{
    for (;;) {
        enum err err = buf_reserve(&seen->text, CHUNK);
        if (err != ERR_OK)
            return err;
        ssize_t got =
            pread(seen->fd, seen->text.data + seen->text.len, CHUNK, (off_t)seen->text.len);
        if (got == 0)
            return cut_torn_line(seen);
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        if (got > 0)
            seen->text.len += (size_t)got;
    }
}

static size_t make_line(char line[static LINE_SIZE], const char *id, const char *sender)
{
    size_t id_len = strlen(id), sender_len = strlen(sender);
    if (id_len != FIELD_ID_LEN || sender_len > FIELD_USER_MAX)
        return 0;
    memcpy(line, id, id_len);
    line[id_len] = ' ';
    memcpy(line + id_len + 1, sender, sender_len);
    line[id_len + 1 + sender_len] = '\n';
    return id_len + sender_len + 2;
}

enum err seen_look(struct seen *seen, const char *id, const char *sender, bool *is_seen)
{
    char line[LINE_SIZE];
    size_t len = make_line(line, id, sender);
    enum err err = len > 0 ? read_on(seen) : ERR_MALFORMED;
    *is_seen = false;
    if (err != ERR_OK)
        return err;
    struct span rest = buf_span(&seen->text);
    while (rest.len > 0 && !*is_seen) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t n = end != NULL ? (size_t)(end - rest.data) + 1 : rest.len;
        *is_seen = n == len && memcmp(rest.data, line, len) == 0;
        rest = span_of(rest.data + n, rest.len - n);
    }
    return ERR_OK;
}

enum err seen_add(struct seen *seen, const char *id, const char *sender)
{
    char line[LINE_SIZE];
    size_t len = make_line(line, id, sender);
    enum err err = len > 0 ? read_on(seen) : ERR_MALFORMED;
    if (err == ERR_OK && lseek(seen->fd, (off_t)seen->text.len, SEEK_SET) < 0)
        err = ERR_IO;
    if (err == ERR_OK)
        err = file_write_all(seen->fd, span_of(line, len));
    if (err == ERR_OK && fsync(seen->fd) != 0)
        err = ERR_IO;
    return err == ERR_OK ? buf_append(&seen->text, line, len) : err;
}
