/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.c: keeps what can't be trusted, for a look later. Names are made of what was checked only, and
 * nobody from outside can fill the disk. */
#include "quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "say.h"
#include "when.h"

#include "base/banned.h"

#define DIRECTORY  "quarantine"
#define REASON_MAX 4096
#define STEM_SIZE  (FIELD_ID_LEN + sizeof("-0123456789abcdef"))

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
        err = buf_printf(&text, "reason: %s\nsender: %s\nstored: %s\nserver-says: %s\n", reason,
                         received->sender, when, received->is_signed ? "signed" : "unsigned");
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
