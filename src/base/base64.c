/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64 both ways. Arithmetic instead of tables: keys pass through here, and a table's cache lines would
 * tell which characters they have. */
#include "base/base64.h"

#include <stdlib.h>

#include "base/banned.h"

size_t base64_encoded_len(size_t n)
{
    return n / 3 * 4 + (n % 3 ? 4 : 0);
}

/* All bits set if lo <= c <= hi, else 0; c, lo and hi below 256: both differences are negative then. */
static uint32_t in_range(uint32_t c, uint32_t lo, uint32_t hi)
{
    return 0U - (((lo - 1 - c) & (c - hi - 1)) >> 31);
}

/* The character of a 6-bit value in section 4's alphabet, or section 5's. */
static uint8_t character(uint32_t v, bool is_url)
{
    uint32_t plus = is_url ? '-' : '+', slash = is_url ? '_' : '/';
    uint32_t c = (v + 'A') & in_range(v, 0, 25);
    c |= (v - 26 + 'a') & in_range(v, 26, 51);
    c |= (v - 52 + '0') & in_range(v, 52, 61);
    c |= plus & in_range(v, 62, 62);
    c |= slash & in_range(v, 63, 63);
    return (uint8_t)c;
}

/* The 6-bit value of a character of section 5's alphabet, or 64. */
static uint32_t value(uint8_t c)
{
    uint32_t upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
    uint32_t digit = in_range(c, '0', '9'), minus = in_range(c, '-', '-');
    uint32_t under = in_range(c, '_', '_');
    uint32_t v = (c - 'A') & upper;
    v |= (c - 'a' + 26U) & lower;
    v |= (c - '0' + 52U) & digit;
    v |= (62U & minus) | (63U & under);
    return v | (64U & ~(upper | lower | digit | minus | under));
}

/* Encodes into out, which has room for base64_encoded_len(in.len); returns the characters without padding. */
static size_t encode(uint8_t *out, struct span in, bool is_url)
{
    size_t o = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < in.len; i++) {
        bits = bits << 8 | in.data[i];
        for (have += 8; have >= 6; have -= 6)
            out[o++] = character(bits >> (have - 6) & 63, is_url);
    }
    if (have > 0)
        out[o++] = character(bits << (6 - have) & 63, is_url);
    return o;
}

static void pad(uint8_t *out, size_t o)
{
    for (; o % 4; o++)
        out[o] = '=';
}

enum err base64url_encode(struct buf *out, struct span in)
{
    size_t len = base64_encoded_len(in.len);
    enum err e = buf_reserve(out, len);
    if (e || len == 0)
        return e;
    pad(out->data + out->len, encode(out->data + out->len, in, true));
    out->len += len;
    return ERR_OK;
}

void base64url_encode_text(char *text, size_t size, struct span in)
{
    size_t len = base64_encoded_len(in.len);
    if (size <= len)
        abort();
    pad((uint8_t *)text, encode((uint8_t *)text, in, true));
    text[len] = '\0';
}

/* The bytes that a padded text of this length and padding stands for; false if none can. */
static bool decoded_len(struct span text, size_t *len)
{
    if (text.len % 4)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;
    *len = text.len / 4 * 3 - padding;
    return true;
}

/* Decodes len bytes, as decoded_len gave it. */
static enum err decode(uint8_t *out, size_t len, struct span text)
{
    size_t characters = len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0), o = 0;
    uint32_t bits = 0;
    uint32_t have = 0, bad = 0;
    for (size_t i = 0; i < characters; i++) {
        uint32_t v = value(text.data[i]);
        bad |= v & 64;
        bits = bits << 6 | (v & 63);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[o++] = (uint8_t)(bits >> have);
        }
    }
    bad |= bits & ((1U << have) - 1U);
    return bad ? ERR_MALFORMED : ERR_OK;
}

enum err base64url_decode(struct buf *out, struct span text)
{
    size_t len;
    if (!decoded_len(text, &len))
        return ERR_MALFORMED;
    enum err e = buf_reserve(out, len);
    if (e || len == 0)
        return e;
    e = decode(out->data + out->len, len, text);
    if (e)
        bytes_wipe(out->data + out->len, len);
    else
        out->len += len;
    return e;
}

enum err base64url_decode_exact(uint8_t *out, size_t n, struct span text)
{
    size_t len;
    if (!decoded_len(text, &len) || len != n)
        return ERR_MALFORMED;
    enum err e = decode(out, n, text);
    if (e)
        bytes_wipe(out, n);
    return e;
}

void base64_fingerprint_text(char text[static 44], const uint8_t digest[static 32])
{
    text[encode((uint8_t *)text, span_of(digest, 32), false)] = '\0';
}
