/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.c: keeps what can't be trusted, for a look later. Names are made of what was checked only. */
#include "quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/hash.h"
#include "say.h"
#include "when.h"

#include "base/banned.h"

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

enum status quarantine_keep(struct session *s, const struct received *received, const char *reason,
                            char *path)
{
    char stem[STEM_SIZE];
    int dir = s->account.dir;
    make_stem(stem, received);
    enum err err = home_step_into(&dir, s->account.dir, "quarantine");
    if (err == ERR_OK)
        err = write_pair(dir, stem, received, reason);
    enum status status = err == ERR_OK ? STATUS_OK : say_failure(err, "can't keep a bad message");
    if (dir >= 0)
        (void)close(dir);
    if (snprintf(path, PATH_MAX, "%s/quarantine/%s.message", s->account.path, stem) >= PATH_MAX)
        path[0] = '\0';
    return status;
}
