/* SPDX-License-Identifier: GPL-3.0-or-later */
/* draft.c: keeps what was written until it is known to be sent. On disk no text is ever in the clear. */
#include "draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/envelope.h"

#include "base/banned.h"

#define TYPE      "application/x-secmsg-draft"
#define NAME_SIZE (FIELD_USER_SIZE + sizeof("draft-"))
#define HEAD_MAX  64
#define FILE_MAX  (2 * CONNECTION_LINE_MAX + HEAD_MAX)

static void make_name(char name[static NAME_SIZE], const struct draft *draft)
{
    (void)snprintf(name, NAME_SIZE, "draft-%s", draft->to);
}

static enum err open_text(struct draft *draft, const struct session *s, struct span own)
{
    struct envelope envelope;
    struct content content = {.plain = BUF_INIT(0)};
    uint8_t message_key[32];
    if (envelope_parse(&envelope, own) != ERR_OK)
        return ERR_DAMAGED;
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = &s->ring.self,
                                     .id = envelope.id};
    enum fault fault = envelope_open(&content, message_key, &envelope, &reader);
    bytes_wipe(message_key, sizeof(message_key));
    enum err err = fault == FAULT_INTERNAL ? ERR_NO_MEMORY : ERR_DAMAGED;
    if (fault == FAULT_NONE && strcmp(content.type, TYPE) == 0 &&
        strcmp(content.name, draft->to) == 0)
        err = buf_append_span(&draft->text, content.data);
    draft->time = envelope.time;
    content_free(&content);
    return err;
}

static enum err parse(struct draft *draft, const struct session *s, struct span file)
{
    uint64_t len;
    const uint8_t *space = memchr(file.data, ' ', file.len);
    const uint8_t *end = memchr(file.data, '\n', file.len);
    if (space == NULL || end == NULL || space > end)
        return ERR_DAMAGED;
    struct span number = span_of(file.data, (size_t)(space - file.data));
    struct span id = span_of(space + 1, (size_t)(end - space) - 1);
    struct span rest = span_of(end + 1, file.len - (size_t)(end - file.data) - 1);
    if (field_number(number, &len) != ERR_OK || len > rest.len)
        return ERR_DAMAGED;
    enum err err = buf_append(&draft->own, rest.data, (size_t)len);
    if (err == ERR_OK)
        err = open_text(draft, s, buf_span(&draft->own));
    if (err != ERR_OK || span_is(id, "-"))
        return err;
    if (!field_is_id(id))
        return ERR_DAMAGED;
    memcpy(draft->sent.id, id.data, FIELD_ID_LEN);
    return buf_append(&draft->sent.envelope, rest.data + len, rest.len - (size_t)len);
}

enum err draft_open(struct draft *draft, const struct session *s, const char *to)
{
    char name[NAME_SIZE];
    struct buf file = BUF_INIT(FILE_MAX);
    *draft = (struct draft){.dir = fcntl(s->account.dir, F_DUPFD_CLOEXEC, 0),
                            .text = BUF_INIT(CONNECTION_LINE_MAX),
                            .own = BUF_INIT(CONNECTION_LINE_MAX)};
    draft->sent.envelope = BUF_INIT(CONNECTION_LINE_MAX);
    memcpy(draft->to, to, strlen(to) + 1);
    if (draft->dir < 0)
        return ERR_IO;
    make_name(name, draft);
    enum err err = file_read(draft->dir, name, &file);
    if (err == ERR_OK)
        err = file.len > 0 ? parse(draft, s, buf_span(&file)) : ERR_DAMAGED;
    buf_free(&file);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

void draft_close(struct draft *draft)
{
    buf_free(&draft->text);
    buf_free(&draft->own);
    buf_free(&draft->sent.envelope);
    if (draft->dir >= 0)
        (void)close(draft->dir);
    draft->dir = -1;
}

static enum err write_file(struct draft *draft)
{
    char name[NAME_SIZE];
    int lock = -1;
    struct buf file = BUF_INIT(FILE_MAX);
    bool was_sent = draft->sent.id[0] != '\0';
    enum err err = buf_printf(&file, "%zu %s\n", draft->own.len, was_sent ? draft->sent.id : "-");
    if (err == ERR_OK)
        err = buf_append_span(&file, buf_span(&draft->own));
    if (err == ERR_OK && was_sent)
        err = buf_append_span(&file, buf_span(&draft->sent.envelope));
    if (err == ERR_OK)
        err = home_lock(draft->dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK) {
        make_name(name, draft);
        err = file_replace(draft->dir, name, buf_span(&file), 0600);
        home_unlock(lock);
    }
    buf_free(&file);
    return err;
}

enum err draft_keep(struct draft *draft, const struct session *s, struct span text)
{
    char id[FIELD_ID_SIZE];
    field_make_id(id);
    draft->time = clock_wall();
    struct message message = {.id = id,
                              .time = draft->time,
                              .type = TYPE,
                              .name = draft->to,
                              .data = text};
    buf_clear(&draft->own);
    enum err err =
        envelope_seal(&draft->own, &message, &s->ring.self, s->ring.vault.sign, &s->ring.self);
    return err == ERR_OK ? write_file(draft) : err;
}

enum err draft_note_sent(struct draft *draft)
{
    return write_file(draft);
}

enum err draft_remove(struct draft *draft)
{
    char name[NAME_SIZE];
    int lock = -1;
    enum err err = home_lock(draft->dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err != ERR_OK)
        return err;
    make_name(name, draft);
    if ((unlinkat(draft->dir, name, 0) != 0 && errno != ENOENT) || fsync(draft->dir) != 0)
        err = ERR_IO;
    home_unlock(lock);
    return err;
}
