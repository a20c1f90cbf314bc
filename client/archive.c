/* SPDX-License-Identifier: GPL-3.0-or-later */
/* archive.c: the file of all messages. Written at its end only, under the directory's lock; readers need
 * none, for what stands behind the last LF is no message yet. */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "home.h"

#include "base/banned.h"

/* An envelope may be as large as a line of the connection, twice over for two layers of b64. */
#define LINE_MAX_BYTES ((size_t)192 << 20)
/* What stands before the body: id, two numbers and the record's token. */
#define WINDOW    4096
#define CHUNK     65536
#define KNOWN_MAX ((size_t)1 << 30)

enum err archive_open(struct archive *archive, int account_dir,
                      const uint8_t key[static FERNET_KEY_LEN])
{
    *archive = (struct archive){.fd = -1,
                                .dir = account_dir,
                                .window = BUF_INIT(WINDOW),
                                .known = BUF_INIT(KNOWN_MAX)};
    memcpy(archive->key, key, FERNET_KEY_LEN);
    archive->fd = openat(account_dir, "archive", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (archive->fd < 0)
        return ERR_IO;
    /* The name, in case the file is new. */
    return fsync(account_dir) == 0 ? ERR_OK : ERR_IO;
}

void archive_close(struct archive *archive)
{
    if (archive->fd >= 0)
        (void)close(archive->fd);
    archive->fd = -1;
    bytes_wipe(archive->key, sizeof(archive->key));
    buf_free(&archive->window);
    buf_free(&archive->known);
}

/* Up to n bytes, fewer only at the end of the file. */
static enum err read_at(int fd, uint8_t *out, size_t n, off_t at, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t more = pread(fd, out + *got, n - *got, at + (off_t)*got);
        if (more == 0)
            return ERR_OK;
        if (more < 0 && errno != EINTR)
            return ERR_IO;
        if (more > 0)
            *got += (size_t)more;
    }
    return ERR_OK;
}

/* *end: where the last line with a LF ends. */
static enum err find_end(int fd, off_t *end)
{
    uint8_t chunk[CHUNK];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ERR_IO;
    for (*end = st.st_size; *end > 0;) {
        size_t n = *end < CHUNK ? (size_t)*end : CHUNK;
        size_t got;
        enum err err = read_at(fd, chunk, n, *end - (off_t)n, &got);
        if (err != ERR_OK)
            return err;
        const uint8_t *last = memrchr(chunk, '\n', got);
        *end -= (off_t)n;
        if (last != NULL) {
            *end += (last - chunk) + 1;
            break;
        }
    }
    return ERR_OK;
}

static enum err append_line(struct buf *line, const struct archive *archive,
                            const struct record *record, struct span body)
{
    uint64_t now = clock_wall();
    struct buf text = BUF_INIT(RECORD_TEXT_MAX);
    enum err err = record_append(&text, record);
    if (err == ERR_OK)
        err = buf_printf(line, "%s %zu %zu ", record->id, fernet_token_len(text.len),
                         fernet_token_len(body.len));
    if (err == ERR_OK)
        err = fernet_seal(line, archive->key, now, buf_span(&text));
    if (err == ERR_OK)
        err = buf_append_byte(line, ' ');
    if (err == ERR_OK)
        err = fernet_seal(line, archive->key, now, body);
    if (err == ERR_OK)
        err = buf_append_byte(line, '\n');
    buf_free(&text);
    return err;
}

/* What a crash cut short goes; what can't be written whole goes again. */
static enum err write_line(int fd, struct span line)
{
    off_t end;
    enum err err = find_end(fd, &end);
    if (err == ERR_OK && (ftruncate(fd, end) != 0 || lseek(fd, end, SEEK_SET) < 0))
        err = ERR_IO;
    if (err != ERR_OK)
        return err;
    err = file_write_all(fd, line);
    if (err == ERR_OK && fsync(fd) != 0)
        err = ERR_IO;
    if (err != ERR_OK) {
        int saved = errno;
        if (ftruncate(fd, end) != 0 || fsync(fd) != 0)
            err = ERR_IO;
        errno = saved;
    }
    return err;
}

enum err archive_add(struct archive *archive, const struct record *record, struct span body)
{
    int lock = -1;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    enum err err = append_line(&line, archive, record, body);
    if (err == ERR_OK)
        err = home_lock(archive->dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK)
        err = write_line(archive->fd, buf_span(&line));
    home_unlock(lock);
    buf_free(&line);
    return err;
}

void archive_rewind(struct archive *archive, const char *prefix)
{
    size_t len = strlen(prefix);
    archive->at = 0;
    archive->unreadable = 0;
    memcpy(archive->prefix, prefix, len < FIELD_ID_SIZE ? len + 1 : FIELD_ID_SIZE);
    archive->prefix[FIELD_ID_LEN] = '\0';
}

/* Where a line's parts are. */
struct line {
    struct span id;
    struct span record; /* its token, in the window */
    off_t body_at;
    uint64_t body_len;
    off_t next;
};

static enum err take_word(struct span *rest, struct span *word)
{
    const uint8_t *space = rest->len > 0 ? memchr(rest->data, ' ', rest->len) : NULL;
    if (space == NULL)
        return ERR_MALFORMED;
    *word = span_of(rest->data, (size_t)(space - rest->data));
    *rest = span_of(space + 1, rest->len - word->len - 1);
    return ERR_OK;
}

static enum err parse_line(struct line *line, const struct archive *archive)
{
    struct span rest = buf_span(&archive->window), first, second;
    uint64_t len;
    if (take_word(&rest, &line->id) != ERR_OK || !field_is_id(line->id) ||
        take_word(&rest, &first) != ERR_OK || field_number(first, &len) != ERR_OK ||
        take_word(&rest, &second) != ERR_OK || field_number(second, &line->body_len) != ERR_OK ||
        line->body_len > LINE_MAX_BYTES)
        return ERR_MALFORMED;
    if (take_word(&rest, &line->record) != ERR_OK || line->record.len != len)
        return ERR_MALFORMED;
    line->body_at = archive->at + (rest.data - archive->window.data);
    line->next = line->body_at + (off_t)line->body_len + 1;
    return ERR_OK;
}

/* The line's last byte is a LF, so that its lengths can be believed. */
static enum err check_end(const struct archive *archive, const struct line *line)
{
    uint8_t last = 0;
    size_t got;
    enum err err = read_at(archive->fd, &last, 1, line->next - 1, &got);
    if (err != ERR_OK)
        return err;
    return got == 1 && last == '\n' ? ERR_OK : ERR_MALFORMED;
}

/* Goes behind the next LF. ERR_NOT_FOUND: there is none. */
static enum err skip_line(struct archive *archive)
{
    uint8_t chunk[CHUNK];
    for (;;) {
        size_t got;
        enum err err = read_at(archive->fd, chunk, sizeof(chunk), archive->at, &got);
        if (err != ERR_OK || got == 0)
            return err != ERR_OK ? err : ERR_NOT_FOUND;
        const uint8_t *end = memchr(chunk, '\n', got);
        archive->at += end != NULL ? (end - chunk) + 1 : (off_t)got;
        if (end != NULL)
            return ERR_OK;
    }
}

static enum err open_record(const struct archive *archive, const struct line *line,
                            struct record *record)
{
    struct buf text = BUF_INIT(RECORD_TEXT_MAX);
    enum err err = fernet_open(&text, archive->key, line->record);
    struct span rest = buf_span(&text);
    if (err == ERR_OK)
        err = record_take(record, &rest);
    if (err == ERR_TOO_LARGE || /* another token, such as a text's */
        (err == ERR_OK && (rest.len != 0 || !span_is(line->id, record->id))))
        err = ERR_MALFORMED;
    buf_free(&text);
    return err;
}

/* The line at archive->at, which moves behind it. ERR_MALFORMED: it isn't one. */
static enum err take_line(struct archive *archive, struct line *line)
{
    size_t got = 0;
    buf_clear(&archive->window);
    enum err err = buf_reserve(&archive->window, WINDOW);
    if (err == ERR_OK)
        err = read_at(archive->fd, archive->window.data, WINDOW, archive->at, &got);
    if (err != ERR_OK || got == 0)
        return err != ERR_OK ? err : ERR_NOT_FOUND;
    archive->window.len = got;
    err = parse_line(line, archive);
    if (err == ERR_OK)
        err = check_end(archive, line);
    if (err == ERR_OK)
        archive->at = line->next;
    if (err != ERR_MALFORMED)
        return err;
    err = skip_line(archive);
    return err == ERR_OK ? ERR_MALFORMED : err;
}

/* The same, opened. ERR_MALFORMED: it can't be read, or isn't wanted. */
static enum err read_line(struct archive *archive, struct archive_entry *entry)
{
    struct line line;
    enum err err = take_line(archive, &line);
    archive->unreadable += err == ERR_MALFORMED;
    if (err != ERR_OK)
        return err;
    entry->body_at = line.body_at;
    entry->body_len = (size_t)line.body_len;
    if (memcmp(line.id.data, archive->prefix, strlen(archive->prefix)) != 0)
        return ERR_MALFORMED;
    err = open_record(archive, &line, &entry->record);
    archive->unreadable += err == ERR_FORGED || err == ERR_MALFORMED;
    return err == ERR_FORGED ? ERR_MALFORMED : err;
}

enum err archive_next(struct archive *archive, struct archive_entry *entry)
{
    enum err err;
    do
        err = read_line(archive, entry);
    while (err == ERR_MALFORMED);
    return err;
}

enum err archive_read(const struct archive *archive, const struct archive_entry *entry,
                      struct buf *body)
{
    struct buf token = BUF_INIT(LINE_MAX_BYTES);
    size_t got = 0;
    enum err err = buf_reserve(&token, entry->body_len);
    if (err == ERR_OK)
        err = read_at(archive->fd, token.data, entry->body_len, entry->body_at, &got);
    token.len = err == ERR_OK ? got : 0;
    if (err == ERR_OK)
        err = fernet_open(body, archive->key, buf_span(&token));
    buf_free(&token);
    return err == ERR_FORGED || err == ERR_MALFORMED ? ERR_DAMAGED : err;
}

/* Where a line with this id begins. */
struct known {
    off_t at;
    char id[FIELD_ID_LEN];
};

/* Takes in what was added since the last time, so that many looks read the file once. */
static enum err learn(struct archive *archive)
{
    struct line line;
    enum err err;
    archive->at = archive->known_to;
    do {
        struct known known = {.at = archive->at};
        err = take_line(archive, &line);
        if (err == ERR_OK) {
            memcpy(known.id, line.id.data, FIELD_ID_LEN);
            err = buf_append(&archive->known, &known, sizeof(known));
        }
        if (err == ERR_OK || err == ERR_MALFORMED)
            archive->known_to = archive->at;
    } while (err == ERR_OK || err == ERR_MALFORMED);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool is_same(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && strcmp(a->id, b->id) == 0 && strcmp(a->peer, b->peer) == 0 &&
           memcmp(a->digest, b->digest, HASH_LEN) == 0;
}

enum err archive_look(struct archive *archive, const struct record *record, bool *is_there)
{
    enum err err = learn(archive);
    *is_there = false;
    archive_rewind(archive, "");
    for (size_t i = 0; err == ERR_OK && !*is_there && i < archive->known.len;
         i += sizeof(struct known)) {
        struct archive_entry entry;
        struct known known;
        memcpy(&known, archive->known.data + i, sizeof(known));
        if (memcmp(known.id, record->id, FIELD_ID_LEN) != 0)
            continue;
        archive->at = known.at;
        err = read_line(archive, &entry);
        *is_there = err == ERR_OK && is_same(&entry.record, record);
        err = err == ERR_MALFORMED ? ERR_OK : err;
    }
    return err;
}
