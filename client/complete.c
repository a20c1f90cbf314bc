/* SPDX-License-Identifier: GPL-3.0-or-later */
/* complete.c: collects what can stand behind a word. It is help and no more: what can't be read is left out without
 * a word. */
#include "complete.h"

#include <string.h>

#include "archive.h"
#include "base/file.h"
#include "pins.h"

#include "base/banned.h"

#define PINS_MAX ((size_t)16 << 20)
/* As long as ids are written in tables. */
#define ID_DIGITS 8

static void add(struct buf *names, struct span name)
{
    if (buf_append_span(names, name) != ERR_OK || buf_append_byte(names, '\n') != ERR_OK)
        return;
}

/* The options that a text tells of. */
static void add_options(struct buf *names, const char *text)
{
    while ((text = strstr(text, "--")) != NULL) {
        size_t len = 2 + strspn(text + 2, "abcdefghijklmnopqrstuvwxyz-");
        if (len > 2)
            add(names, span_of(text, len));
        text += len;
    }
}

static void add_pinned(struct buf *names, int account_dir)
{
    struct buf text = BUF_INIT(PINS_MAX);
    if (file_read(account_dir, PINS_IDENTITIES_FILE, &text) == ERR_OK) {
        for (size_t at = 0; at < text.len;) {
            const uint8_t *line = text.data + at;
            const uint8_t *end = memchr(line, '\n', text.len - at);
            size_t len = end != NULL ? (size_t)(end - line) : text.len - at;
            const uint8_t *blank = memchr(line, ' ', len);
            struct span name = span_of(line, blank != NULL ? (size_t)(blank - line) : len);
            if (field_is_user(name))
                add(names, name);
            at += len + 1;
        }
    }
    buf_free(&text);
}

static void add_archived(struct buf *names, const struct session *s, bool wants_user, bool wants_id)
{
    struct archive archive;
    struct archive_entry entry;
    enum err err = archive_open(&archive, s->account.dir, s->ring.vault.archive);
    if (err == ERR_OK)
        archive_rewind(&archive, "");
    while (err == ERR_OK) {
        err = archive_next(&archive, &entry);
        if (err == ERR_OK && wants_user)
            add(names, span_str(entry.record.peer));
        if (err == ERR_OK && wants_id)
            add(names, span_of(entry.record.id, ID_DIGITS));
    }
    archive_close(&archive);
}

void complete_arguments(const struct session *s, const struct word *word, struct buf *names)
{
    bool wants_user = strstr(word->usage, "USER") != NULL;
    bool wants_id = strstr(word->usage, "ID") != NULL;
    add_options(names, word->usage);
    add_options(names, word->help);
    if (s->account.dir < 0)
        return;
    if (wants_user)
        add_pinned(names, s->account.dir);
    if (s->ring.is_unlocked && (wants_user || wants_id))
        add_archived(names, s, wants_user, wants_id);
}
