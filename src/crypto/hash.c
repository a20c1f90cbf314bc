/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 and what is built on it. Every MAC and hash in secmsg is made here. */
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "crypto/library.h"

#include "base/banned.h"

#define FINGERPRINT_PREFIX "SHA256:"

/* libgcrypt's vectors aren't const, though it only reads them. */
static gcry_buffer_t readable(struct span part)
{
    union {
        const uint8_t *in;
        void *out;
    } data = {.in = part.data ? part.data : (const uint8_t *)""};
    return (gcry_buffer_t){.size = part.len, .off = 0, .len = part.len, .data = data.out};
}

void hash_sha256(uint8_t out[static HASH_LEN], const struct span parts[], size_t n)
{
    gcry_buffer_t list[HASH_PARTS_MAX];
    if (n > HASH_PARTS_MAX)
        abort();
    for (size_t i = 0; i < n; i++)
        list[i] = readable(parts[i]);
    /* Fails for a bad argument only: such a hash must not be used by anybody. */
    if (gcry_md_hash_buffers(GCRY_MD_SHA256, 0, out, list, (int)n))
        abort();
}

enum err hash_hmac(uint8_t out[static HASH_LEN], struct span key, const struct span parts[],
                   size_t n)
{
    gcry_buffer_t list[1 + HASH_PARTS_MAX] = {readable(key)};
    if (n > HASH_PARTS_MAX)
        abort();
    for (size_t i = 0; i < n; i++)
        list[1 + i] = readable(parts[i]);
    return library_error(
        gcry_md_hash_buffers(GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC, out, list, 1 + (int)n));
}

enum err hash_hmac_check(const uint8_t tag[static HASH_LEN], struct span key,
                         const struct span parts[], size_t n)
{
    uint8_t right[HASH_LEN];
    enum err e = hash_hmac(right, key, parts, n);
    if (!e && !bytes_equal_secret(tag, right, HASH_LEN))
        e = ERR_FORGED;
    bytes_wipe(right, sizeof right);
    return e;
}

enum err hash_hkdf(uint8_t *out, size_t out_len, struct span ikm, struct span salt,
                   struct span info)
{
    uint8_t prk[HASH_LEN], block[HASH_LEN] = {0};
    struct span last = span_of(block, 0);
    if (out_len > 255 * HASH_LEN)
        return ERR_TOO_LARGE;
    enum err e = hash_hmac(prk, salt, &ikm, 1);
    for (size_t done = 0; !e && done < out_len; done += HASH_LEN) {
        uint8_t counter = (uint8_t)(done / HASH_LEN + 1);
        e = hash_hmac(block, span_of(prk, HASH_LEN), SPANS(last, info, span_of(&counter, 1)));
        if (e)
            break;
        last.len = HASH_LEN;
        memcpy(out + done, block, out_len - done < HASH_LEN ? out_len - done : HASH_LEN);
    }
    bytes_wipe(prk, sizeof prk);
    bytes_wipe(block, sizeof block);
    if (e && out_len > 0)
        bytes_wipe(out, out_len);
    return e;
}

void hash_fingerprint(char text[static FINGERPRINT_SIZE], struct span bytes)
{
    uint8_t digest[HASH_LEN];
    hash_sha256(digest, &bytes, 1);
    memcpy(text, FINGERPRINT_PREFIX, sizeof FINGERPRINT_PREFIX - 1);
    base64_fingerprint_text(text + sizeof FINGERPRINT_PREFIX - 1, digest);
}

/* A character's value in RFC 4648's section 4 alphabet, or -1. Fingerprints are public. */
static int alphabet_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool hash_is_fingerprint(struct span text)
{
    const size_t prefix = sizeof FINGERPRINT_PREFIX - 1;
    if (text.len != FINGERPRINT_SIZE - 1 || memcmp(text.data, FINGERPRINT_PREFIX, prefix) != 0)
        return false;
    for (size_t i = prefix; i < text.len; i++)
        if (alphabet_value(text.data[i]) < 0)
            return false;
    /* 43 characters are 258 bits, the last two of which stand for nothing and must be zero. */
    return alphabet_value(text.data[text.len - 1]) % 4 == 0;
}
