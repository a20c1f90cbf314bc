/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms of fields, checked byte by byte without locale, and the lines that objects are made of. */
#include "crypto/field.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/random.h"

#include "base/banned.h"

#define NUMBER_LIMIT (UINT64_C(1) << 53)

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

bool field_is_user(struct span s)
{
    if (s.len < 1 || s.len > FIELD_USER_MAX || !is_letter_or_digit(s.data[0]))
        return false;
    for (size_t i = 1; i < s.len; i++) {
        uint8_t c = s.data[i];
        if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool field_is_id(struct span s)
{
    if (s.len != FIELD_ID_LEN)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.data[i]) && !(s.data[i] >= 'a' && s.data[i] <= 'f'))
            return false;
    return true;
}

void field_make_id(char id[static FIELD_ID_SIZE])
{
    uint8_t bytes[FIELD_ID_LEN / 2];
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        id[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        id[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    id[FIELD_ID_LEN] = '\0';
}

enum err field_number(struct span s, uint64_t *number)
{
    uint64_t n = 0;
    if (s.len == 0 || (s.len > 1 && s.data[0] == '0'))
        return ERR_MALFORMED;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]))
            return ERR_MALFORMED;
        n = n * 10 + (uint64_t)(s.data[i] - '0');
        if (n >= NUMBER_LIMIT)
            return ERR_MALFORMED;
    }
    *number = n;
    return ERR_OK;
}

bool field_is_type(struct span s)
{
    size_t slash = 0;
    if (s.len < 3 || s.len > FIELD_TYPE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        if (c == '/' && slash == 0 && i > 0 && i < s.len - 1)
            slash = i;
        else if (!is_letter_or_digit(c) && c != '.' && c != '+' && c != '-')
            return false;
    }
    return slash > 0;
}

size_t field_take_character(struct span s, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = s.data[0];
    size_t n = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > s.len)
        return 0;
    uint32_t c = n == 1 ? lead : lead & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if (s.data[i] >> 6 != 2)
            return 0;
        c = c << 6 | (s.data[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *character = c;
    return n;
}

bool field_is_utf8(struct span s)
{
    uint32_t c = 0;
    while (s.len > 0) {
        size_t n = field_take_character(s, &c);
        if (n == 0)
            return false;
        s = span_of(s.data + n, s.len - n);
    }
    return true;
}

bool field_is_file_name(struct span s)
{
    if (s.len < 1 || s.len > FIELD_NAME_MAX || s.data[0] == '.')
        return false;
    while (s.len > 0) {
        uint32_t c = 0;
        size_t n = field_take_character(s, &c);
        bool is_c1 = c >= 0x80 && c <= 0x9f;
        if (n == 0 || is_c1 || (c < 0x80 && is_control((uint8_t)c)) || c == '/' || c == '\\')
            return false;
        s = span_of(s.data + n, s.len - n);
    }
    return true;
}

static void advance(struct span *s, size_t n)
{
    *s = span_of(s->data + n, s->len - n);
}

enum err field_take_literal(struct span *rest, const char *text)
{
    size_t len = strlen(text);
    if (rest->len <= len || memcmp(rest->data, text, len) != 0 || rest->data[len] != '\n')
        return ERR_MALFORMED;
    advance(rest, len + 1);
    return ERR_OK;
}

enum err field_take_line(struct span *rest, const char *name, struct span *value)
{
    size_t len = strlen(name);
    if (rest->len < len + 3 || memcmp(rest->data, name, len) != 0 ||
        memcmp(rest->data + len, ": ", 2) != 0)
        return ERR_MALFORMED;
    size_t start = len + 2, end = start;
    while (end < rest->len && !is_control(rest->data[end]))
        end++;
    if (end == rest->len || rest->data[end] != '\n')
        return ERR_MALFORMED;
    *value = span_of(rest->data + start, end - start);
    advance(rest, end + 1);
    return ERR_OK;
}

enum err field_take_b64(struct span *rest, const char *name, uint8_t *out, size_t n)
{
    struct span value, after = *rest;
    enum err e = field_take_line(&after, name, &value);
    if (!e)
        e = base64url_decode_exact(out, n, value);
    if (!e)
        *rest = after;
    return e;
}

/* Appends "<name>: ", what encode makes of the value, and LF; all of it or nothing. */
static enum err add(struct buf *text, const char *name, struct span value,
                    enum err (*encode)(struct buf *, struct span))
{
    size_t before = text->len;
    enum err e = buf_append_str(text, name);
    if (!e)
        e = buf_append_str(text, ": ");
    if (!e)
        e = encode(text, value);
    if (!e)
        e = buf_append_byte(text, '\n');
    if (e)
        buf_truncate(text, before);
    return e;
}

enum err field_add_line(struct buf *text, const char *name, struct span value)
{
    return add(text, name, value, buf_append_span);
}

enum err field_add_b64(struct buf *text, const char *name, struct span value)
{
    return add(text, name, value, base64url_encode);
}
