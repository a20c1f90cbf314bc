/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sealed: lines, an empty line, the data, zeros up to a Padme length. There is exactly one form of
 * each content, and everything else is refused. */
#include "crypto/content.h"

#include <string.h>

#include "crypto/padme.h"

#include "base/banned.h"

#define NUMBER_CHARS 16 /* the digits of a number below 2^53 */

void content_free(struct content *content)
{
    if (!content)
        return;
    buf_free(&content->plain);
    bytes_wipe(content, sizeof *content);
}

static enum err add_fields(struct buf *plain, const struct message *message,
                           const struct identity *from, const struct identity *to)
{
    enum err e = field_add_line(plain, "from", span_str(from->user));
    if (!e)
        e = field_add_line(plain, "to", span_str(to->user));
    if (!e)
        e = field_add_line(plain, "id", span_str(message->id));
    if (!e)
        e = field_add_line(plain, "from-identity", span_str(from->fingerprint));
    if (!e)
        e = field_add_line(plain, "to-identity", span_str(to->fingerprint));
    if (!e)
        e = field_add_line(plain, "type", span_str(message->type));
    if (!e && message->name && *message->name)
        e = field_add_line(plain, "name", span_str(message->name));
    if (!e)
        e = buf_printf(plain, "size: %zu\n\n", message->data.len);
    return e;
}

static enum err add_padding(struct buf *plain, size_t before)
{
    size_t len = plain->len - before, padding = (size_t)padme_len(len) - len;
    enum err e = buf_reserve(plain, padding);
    if (e || padding == 0)
        return e;
    memset(plain->data + plain->len, 0, padding);
    plain->len += padding;
    return ERR_OK;
}

enum err content_make(struct buf *plain, const struct message *message, const struct identity *from,
                      const struct identity *to)
{
    size_t before = plain->len;
    bool is_named = message->name && *message->name;
    if (!field_is_id(span_str(message->id)) || !field_is_type(span_str(message->type)) ||
        (is_named && !field_is_file_name(span_str(message->name))))
        return ERR_MALFORMED;
    enum err e = add_fields(plain, message, from, to);
    if (!e)
        e = buf_append_span(plain, message->data);
    if (!e)
        e = add_padding(plain, before);
    if (e)
        buf_truncate(plain, before);
    return e;
}

static enum err take_claims(struct content_claims *claims, struct span *rest)
{
    enum err e = field_take_line(rest, "from", &claims->from);
    if (!e)
        e = field_take_line(rest, "to", &claims->to);
    if (!e)
        e = field_take_line(rest, "id", &claims->id);
    if (!e)
        e = field_take_line(rest, "from-identity", &claims->from_identity);
    if (!e)
        e = field_take_line(rest, "to-identity", &claims->to_identity);
    if (e)
        return e;
    bool is_good = field_is_user(claims->from) && field_is_user(claims->to) &&
                   field_is_id(claims->id) && hash_is_fingerprint(claims->from_identity) &&
                   hash_is_fingerprint(claims->to_identity);
    return is_good ? ERR_OK : ERR_MALFORMED;
}

/* type, the optional name, size and the empty line; *size is at most what is left then. */
static enum err take_description(struct content *content, uint64_t *size, struct span *rest)
{
    struct span type, name, digits;
    enum err e = field_take_line(rest, "type", &type);
    if (e)
        return e;
    if (!field_is_type(type) || !span_to_text(type, content->type, sizeof content->type))
        return ERR_MALFORMED;
    bool is_named = field_take_line(rest, "name", &name) == ERR_OK;
    if (is_named &&
        !(field_is_file_name(name) && span_to_text(name, content->name, sizeof content->name)))
        return ERR_MALFORMED;
    e = field_take_line(rest, "size", &digits);
    if (!e)
        e = field_number(digits, size);
    if (!e)
        e = field_take_literal(rest, "");
    return !e && *size > rest->len ? ERR_MALFORMED : e;
}

static bool is_padded(struct span text, size_t len)
{
    if (padme_len(len) != text.len)
        return false;
    for (size_t i = len; i < text.len; i++)
        if (text.data[i] != 0)
            return false;
    return true;
}

enum fault content_parse(struct content *content, struct content_claims *claims)
{
    struct span text = buf_span(&content->plain), rest = text;
    uint64_t size;
    enum err e = take_claims(claims, &rest);
    if (!e)
        e = take_description(content, &size, &rest);
    if (e)
        return FAULT_CONTENT;
    if (!is_padded(text, text.len - rest.len + (size_t)size))
        return FAULT_PADDING;
    content->data = span_of(rest.data, (size_t)size);
    return FAULT_NONE;
}

size_t content_longest(size_t n)
{
    static const char names[] =
        "from: \nto: \nid: \nfrom-identity: \nto-identity: \ntype: \nname: \n"
        "size: \n\n";
    return sizeof names - 1 + 2 * FIELD_USER_MAX + FIELD_ID_LEN + 2 * (FINGERPRINT_SIZE - 1) +
           FIELD_TYPE_MAX + FIELD_NAME_MAX + NUMBER_CHARS + n;
}
