/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.c: records as text and back. There is exactly one text of each record, and everything else is
 * refused. */
#include "record.h"

#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

static const char *const kinds[] = {[RECORD_RECEIVED] = "received",
                                    [RECORD_UNSIGNED] = "unsigned",
                                    [RECORD_SENT] = "sent",
                                    [RECORD_WAITING] = "waiting"};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

bool record_is_text(const struct record *record)
{
    return record->name[0] == '\0' && strncmp(record->type, "text/", strlen("text/")) == 0;
}

enum err record_append(struct buf *text, const struct record *record)
{
    enum err err = field_add_line(text, "kind", span_str(kinds[record->kind]));
    if (err == ERR_OK)
        err = field_add_line(text, "id", span_str(record->id));
    if (err == ERR_OK)
        err = field_add_line(text, "peer", span_str(record->peer));
    if (err == ERR_OK)
        err = buf_printf(text, "time: %" PRIu64 "\nstored: %" PRIu64 "\n", record->time,
                         record->stored);
    if (err == ERR_OK)
        err = field_add_line(text, "type", span_str(record->type));
    if (err == ERR_OK)
        err = field_add_line(text, "name", span_str(record->name));
    if (err == ERR_OK)
        err = buf_printf(text, "size: %" PRIu64 "\n", record->size);
    return err == ERR_OK ? field_add_b64(text, "digest", span_of(record->digest, HASH_LEN)) : err;
}

static enum err take_number(struct span *rest, const char *name, uint64_t *number)
{
    struct span value;
    enum err err = field_take_line(rest, name, &value);
    return err == ERR_OK ? field_number(value, number) : err;
}

static enum err take_text(struct span *rest, const char *name, char *text, size_t size)
{
    struct span value;
    enum err err = field_take_line(rest, name, &value);
    if (err != ERR_OK)
        return err;
    return span_to_text(value, text, size) ? ERR_OK : ERR_MALFORMED;
}

static enum err take_kind(struct span *rest, enum record_kind *kind)
{
    struct span value;
    enum err err = field_take_line(rest, "kind", &value);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        *kind = (enum record_kind)i;
        if (span_is(value, kinds[i]))
            return ERR_OK;
    }
    return ERR_MALFORMED;
}

static bool is_formed(const struct record *record)
{
    struct span name = span_str(record->name);
    return field_is_id(span_str(record->id)) && field_is_user(span_str(record->peer)) &&
           field_is_type(span_str(record->type)) && (name.len == 0 || field_is_file_name(name));
}

enum err record_take(struct record *record, struct span *rest)
{
    *record = (struct record){.kind = RECORD_WAITING};
    enum err err = take_kind(rest, &record->kind);
    if (err == ERR_OK)
        err = take_text(rest, "id", record->id, sizeof(record->id));
    if (err == ERR_OK)
        err = take_text(rest, "peer", record->peer, sizeof(record->peer));
    if (err == ERR_OK)
        err = take_number(rest, "time", &record->time);
    if (err == ERR_OK)
        err = take_number(rest, "stored", &record->stored);
    if (err == ERR_OK)
        err = take_text(rest, "type", record->type, sizeof(record->type));
    if (err == ERR_OK)
        err = take_text(rest, "name", record->name, sizeof(record->name));
    if (err == ERR_OK)
        err = take_number(rest, "size", &record->size);
    if (err == ERR_OK)
        err = field_take_b64(rest, "digest", record->digest, HASH_LEN);
    return err == ERR_OK && !is_formed(record) ? ERR_MALFORMED : err;
}

bool record_is_prefix(const char *text)
{
    size_t len = strlen(text);
    return len >= RECORD_PREFIX_LEAST && len <= FIELD_ID_LEN &&
           strspn(text, "0123456789abcdef") == len;
}
