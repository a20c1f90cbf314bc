/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seen.c: the ids of shown messages. A line that isn't whole, after a crash or a full disk, is removed again
 * before anybody believes it. */
#include "seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/field.h"

#include "base/banned.h"

#define FILE_MAX  ((size_t)1 << 30)
#define CHUNK     65536
#define LINE_SIZE (FIELD_ID_LEN + FIELD_USER_MAX + sizeof("  unsigned \n") + (size_t)2 * HASH_LEN)

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

/* Returns its length, with LF, or 0; *head is the length of "<id> <sender> ". */
static size_t make_line(char line[static LINE_SIZE], size_t *head, const struct seen_message *m)
{
    char digest[2 * HASH_LEN + 1];
    if (strlen(m->id) != FIELD_ID_LEN || strlen(m->sender) > FIELD_USER_MAX)
        return 0;
    for (size_t i = 0; i < HASH_LEN; i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", m->digest[i]);
    *head = FIELD_ID_LEN + strlen(m->sender) + 2;
    (void)snprintf(line, LINE_SIZE, "%s %s %s %s\n", m->id, m->sender,
                   m->is_signed ? "signed" : "unsigned", digest);
    return strlen(line);
}

enum err seen_look(struct seen *seen, const struct seen_message *message, enum seen_found *found)
{
    char line[LINE_SIZE];
    size_t head = 0;
    size_t len = make_line(line, &head, message);
    enum err err = len > 0 ? read_on(seen) : ERR_MALFORMED;
    *found = SEEN_NEVER;
    if (err != ERR_OK)
        return err;
    struct span rest = buf_span(&seen->text);
    while (rest.len > 0 && *found != SEEN_SAME) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t n = end != NULL ? (size_t)(end - rest.data) + 1 : rest.len;
        bool is_id = n > head && memcmp(rest.data, line, head) == 0;
        /* What nobody signed says nothing of what somebody did. */
        bool counts = is_id && (!message->is_signed || rest.data[head] == 's');
        if (is_id && n == len && memcmp(rest.data, line, len) == 0)
            *found = SEEN_SAME;
        else if (counts)
            *found = SEEN_OTHER;
        rest = span_of(rest.data + n, rest.len - n);
    }
    return ERR_OK;
}

enum err seen_add(struct seen *seen, const struct seen_message *message)
{
    char line[LINE_SIZE];
    size_t head = 0;
    size_t len = make_line(line, &head, message);
    enum err err = len > 0 ? read_on(seen) : ERR_MALFORMED;
    if (err != ERR_OK)
        return err;
    if (lseek(seen->fd, (off_t)seen->text.len, SEEK_SET) < 0)
        return ERR_IO;
    err = file_write_all(seen->fd, span_of(line, len));
    if (err == ERR_OK && fsync(seen->fd) != 0)
        err = ERR_IO;
    if (err != ERR_OK) {
        /* The caller takes back what it has shown: the note mustn't stay either. */
        int saved = errno;
        if (ftruncate(seen->fd, (off_t)seen->text.len) != 0 || fsync(seen->fd) != 0)
            err = ERR_IO;
        errno = saved;
        return err;
    }
    /* The next look reads it back. */
    return ERR_OK;
}
