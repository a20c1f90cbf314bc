/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.c: keeps what can't be trusted, for a look later. Names are made of what was checked only, and
 * nobody from outside can fill the disk. */
#include "quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "say.h"
#include "when.h"

#include "base/banned.h"

#define DIRECTORY  "quarantine"
#define REASON_MAX 4096
#define STEM_SIZE  QUARANTINE_STEM_SIZE

static void make_stem(char stem[static STEM_SIZE], const struct received *received)
{
    uint8_t digest[HASH_LEN];
    hash_sha256(digest, SPANS(buf_span(&received->body)));
    (void)snprintf(stem, STEM_SIZE, "%s-%016" PRIx64, received->id, bytes_get_be64(digest));
}

static enum err write_pair(int dir, const char *stem, const struct received *received,
                           const char *reason)
{
    char name[STEM_SIZE + sizeof(".message")];
    char when[WHEN_SIZE];
    struct buf text = BUF_INIT(REASON_MAX);
    when_text(when, received->time_stored);
    (void)snprintf(name, sizeof(name), "%s.message", stem);
    enum err err = file_replace(dir, name, buf_span(&received->body), 0600);
    if (err == ERR_OK)
        err = buf_printf(&text,
                         "reason: %s\nsender: %s\nstored: %s\nserver-says: %s\nseconds: %" PRIu64
                         "\n",
                         reason, received->sender, when,
                         received->is_signed ? "signed" : "unsigned", received->time_stored);
    (void)snprintf(name, sizeof(name), "%s.reason", stem);
    if (err == ERR_OK)
        err = file_replace(dir, name, buf_span(&text), 0600);
    buf_free(&text);
    return err;
}

/* ERR_NO_SPACE if what is there, and a pair with a message of `bytes`, would be more than is allowed. */
static enum err check_room(int quarantine, size_t bytes)
{
    uint64_t files = 2, held = (uint64_t)bytes + REASON_MAX;
    int fd = openat(quarantine, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        int saved = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = saved;
        return ERR_IO;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct stat st;
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        files++;
        held += (uint64_t)st.st_size;
    }
    (void)closedir(dir);
    return files > QUARANTINE_FILES || held > QUARANTINE_BYTES ? ERR_NO_SPACE : ERR_OK;
}

static enum status say_full(const struct session *s)
{
    say("%s/" DIRECTORY " is full: %d files or %d MB are the most. The message stays on the "
        "server. Look at what was kept there, and remove what you don't need.",
        s->account.path, QUARANTINE_FILES, QUARANTINE_BYTES >> 20);
    return STATUS_CANT_CREATE;
}

enum status quarantine_keep(struct session *s, const struct received *received, const char *reason,
                            char *path)
{
    char stem[STEM_SIZE];
    int dir = s->account.dir;
    enum status status = STATUS_OK;
    make_stem(stem, received);
    enum err err = home_step_into(&dir, s->account.dir, DIRECTORY);
    if (err == ERR_OK)
        err = check_room(dir, received->body.len);
    if (err == ERR_NO_SPACE)
        status = say_full(s);
    else if (err == ERR_OK)
        err = write_pair(dir, stem, received, reason);
    if (err != ERR_OK && status == STATUS_OK)
        status = say_failure(err, "can't keep a bad message");
    if (dir >= 0)
        (void)close(dir);
    if (snprintf(path, PATH_MAX, "%s/" DIRECTORY "/%s.message", s->account.path, stem) >= PATH_MAX)
        path[0] = '\0';
    return status;
}

static enum err take(struct span *rest, const char *name, char *text, size_t size)
{
    struct span value;
    enum err err = field_take_line(rest, name, &value);
    return err == ERR_OK && !span_to_text(value, text, size) ? ERR_MALFORMED : err;
}

/* What can't be read of it stays empty: a crash may have come between the two files. */
static void read_reason(int dir, struct quarantine_entry *entry)
{
    char name[STEM_SIZE + sizeof(".reason")], rest_of_it[WHEN_SIZE];
    struct buf text = BUF_INIT(REASON_MAX);
    struct span seconds = {NULL, 0};
    (void)snprintf(name, sizeof(name), "%s.reason", entry->stem);
    enum err err = file_read(dir, name, &text);
    struct span rest = buf_span(&text);
    if (err == ERR_OK)
        err = take(&rest, "reason", entry->reason, sizeof(entry->reason));
    if (err == ERR_OK)
        err = take(&rest, "sender", entry->sender, sizeof(entry->sender));
    if (err == ERR_OK)
        err = take(&rest, "stored", rest_of_it, sizeof(rest_of_it));
    if (err == ERR_OK)
        err = take(&rest, "server-says", rest_of_it, sizeof(rest_of_it));
    if (err == ERR_OK)
        err = field_take_line(&rest, "seconds", &seconds);
    if (err != ERR_OK || field_number(seconds, &entry->stored) != ERR_OK)
        entry->stored = 0;
    buf_free(&text);
}

static bool read_entry(int dir, const char *name, struct quarantine_entry *entry)
{
    struct stat st;
    size_t len = STEM_SIZE - 1;
    *entry = (struct quarantine_entry){.stored = 0};
    if (strlen(name) != len + strlen(".message") || strcmp(name + len, ".message") != 0 ||
        !field_is_id(span_of(name, FIELD_ID_LEN)) ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return false;
    memcpy(entry->stem, name, len);
    entry->bytes = (uint64_t)st.st_size;
    read_reason(dir, entry);
    return true;
}

enum err quarantine_visit(int account_dir, quarantine_visitor *visitor, void *context)
{
    int fd = openat(account_dir, DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        int saved = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = saved;
        return ERR_IO;
    }
    bool goes_on = true;
    for (struct dirent *file = readdir(dir); file != NULL && goes_on; file = readdir(dir)) {
        struct quarantine_entry entry;
        if (read_entry(fd, file->d_name, &entry))
            goes_on = visitor(context, &entry);
    }
    (void)closedir(dir);
    return ERR_OK;
}

enum err quarantine_read(int account_dir, const struct quarantine_entry *entry, struct buf *bytes)
{
    char name[sizeof(DIRECTORY "/") + STEM_SIZE + sizeof(".message")];
    (void)snprintf(name, sizeof(name), DIRECTORY "/%s.message", entry->stem);
    return file_read(account_dir, name, bytes);
}
