/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames: the tag is checked before the token is looked at, so nothing but this connection's other end,
 * at this place and in this direction, gets any further. */
#include "wire/frame.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/hash.h"

#include "base/banned.h"

#define TAG_LEN 44 /* characters of b64(32 bytes) */

size_t frame_line_len(size_t n)
{
    return fernet_token_len(n) + 1 + TAG_LEN + 1;
}

static enum err make_tag(uint8_t tag[static HASH_LEN], const struct frame_end *end,
                         struct span token)
{
    uint8_t place[8];
    bytes_put_be64(place, end->sequence);
    return hash_hmac(tag, span_of(end->mac, sizeof(end->mac)),
                     SPANS(span_of(place, sizeof(place)), token));
}

enum err frame_seal(struct buf *line, struct frame_end *end, uint64_t time, struct span plain)
{
    size_t start = line->len;
    uint8_t tag[HASH_LEN];
    enum err e = fernet_seal(line, end->fernet, time, plain);
    if (!e)
        e = make_tag(tag, end, span_of(line->data + start, line->len - start));
    if (!e)
        e = buf_append_byte(line, ' ');
    if (!e)
        e = base64url_encode(line, span_of(tag, sizeof(tag)));
    if (!e)
        e = buf_append_byte(line, '\n');
    if (e)
        buf_truncate(line, start);
    else
        end->sequence++;
    return e;
}

enum err frame_open(struct buf *plain, struct frame_end *end, struct span line)
{
    uint8_t sent[HASH_LEN], place[8];
    if (line.len < TAG_LEN + 1 || line.data[line.len - TAG_LEN - 1] != ' ')
        return ERR_MALFORMED;
    struct span token = span_of(line.data, line.len - TAG_LEN - 1);
    struct span tag = span_of(line.data + token.len + 1, TAG_LEN);
    enum err e = base64url_decode_exact(sent, sizeof(sent), tag);
    if (e)
        return e;
    bytes_put_be64(place, end->sequence);
    e = hash_hmac_check(sent, span_of(end->mac, sizeof(end->mac)),
                        SPANS(span_of(place, sizeof(place)), token));
    if (!e)
        e = fernet_open(plain, end->fernet, token);
    if (!e)
        end->sequence++;
    return e;
}

enum err frame_split(struct frame_parts *parts, struct span plain)
{
    const uint8_t *end = plain.len > 0 ? memchr(plain.data, '\n', plain.len) : NULL;
    size_t head_len = end ? (size_t)(end - plain.data) : plain.len;
    *parts = (struct frame_parts){.head = span_of(plain.data, head_len), .has_body = end != NULL};
    if (end)
        parts->body = span_of(end + 1, plain.len - head_len - 1);
    if (head_len > WIRE_HEAD_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < head_len; i++)
        if (plain.data[i] < 0x20 || plain.data[i] > 0x7e)
            return ERR_MALFORMED;
    return ERR_OK;
}
