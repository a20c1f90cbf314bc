/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fernet tokens. A token is b64 of: 0x80, be64(time), IV, AES-128-CBC ciphertext with PKCS #7 padding,
 * HMAC-SHA-256 of all that. The MAC is checked before anything is decrypted. */
#include "crypto/fernet.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/hash.h"
#include "crypto/library.h"
#include "crypto/random.h"

#include "base/banned.h"

#define VERSION     0x80
#define TIME_AT     1
#define IV_AT       9
#define HEAD_LEN    25 /* version, time, IV */
#define BLOCK_LEN   16
#define KEY_LEN     16
#define CHUNK_CHARS 1024
#define CHUNK_BYTES (CHUNK_CHARS / 4 * 3)

static size_t padded_len(size_t n)
{
    return (n / BLOCK_LEN + 1) * BLOCK_LEN;
}

size_t fernet_token_len(size_t n)
{
    return base64_encoded_len(HEAD_LEN + padded_len(n) + HASH_LEN);
}

/* Encrypts or decrypts whole blocks in place. */
static enum err run_cbc(const uint8_t *key, const uint8_t *iv, uint8_t *data, size_t n,
                        bool encrypt)
{
    gcry_cipher_hd_t cipher;
    gcry_error_t g = gcry_cipher_open(&cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_CBC, 0);
    if (g)
        return library_error(g);
    g = gcry_cipher_setkey(cipher, key, KEY_LEN);
    if (!g)
        g = gcry_cipher_setiv(cipher, iv, FERNET_IV_LEN);
    if (!g)
        g = encrypt ? gcry_cipher_encrypt(cipher, data, n, NULL, 0)
                    : gcry_cipher_decrypt(cipher, data, n, NULL, 0);
    gcry_cipher_close(cipher);
    return library_error(g);
}

enum err fernet_seal_with_iv(struct buf *token, const uint8_t key[static FERNET_KEY_LEN],
                             uint64_t time, const uint8_t iv[static FERNET_IV_LEN],
                             struct span plain)
{
    if (plain.len > SIZE_MAX / 4)
        return ERR_TOO_LARGE;
    size_t body = padded_len(plain.len), padding = body - plain.len;
    struct buf raw = BUF_INIT(HEAD_LEN + body + HASH_LEN);
    enum err e = buf_reserve(&raw, raw.max);
    if (e)
        goto out;
    uint8_t *at = raw.data;
    at[0] = VERSION;
    bytes_put_be64(at + TIME_AT, time);
    memcpy(at + IV_AT, iv, FERNET_IV_LEN);
    if (plain.len > 0)
        memcpy(at + HEAD_LEN, plain.data, plain.len);
    memset(at + HEAD_LEN + plain.len, (int)padding, padding);
    raw.len = raw.max;
    e = run_cbc(key + KEY_LEN, iv, at + HEAD_LEN, body, true);
    if (e)
        goto out;
    e = hash_hmac(at + HEAD_LEN + body, span_of(key, KEY_LEN), SPANS(span_of(at, HEAD_LEN + body)));
    if (e)
        goto out;
    e = base64url_encode(token, buf_span(&raw));
out:
    buf_free(&raw);
    return e;
}

enum err fernet_seal(struct buf *token, const uint8_t key[static FERNET_KEY_LEN], uint64_t time,
                     struct span plain)
{
    uint8_t iv[FERNET_IV_LEN];
    random_bytes(iv, sizeof iv);
    return fernet_seal_with_iv(token, key, time, iv, plain);
}

static bool is_raw_token(uint8_t version, size_t len)
{
    return version == VERSION && len >= HEAD_LEN + BLOCK_LEN + HASH_LEN &&
           (len - HEAD_LEN - HASH_LEN) % BLOCK_LEN == 0;
}

/* The length without PKCS #7 padding. A wrong one can only come from whoever holds the key (the MAC was
 * right), so it tells nobody else anything. */
static enum err remove_padding(const uint8_t *data, size_t *n)
{
    uint8_t padding = data[*n - 1];
    if (padding < 1 || padding > BLOCK_LEN)
        return ERR_FORGED;
    for (size_t i = *n - padding; i < *n; i++)
        if (data[i] != padding)
            return ERR_FORGED;
    *n -= padding;
    return ERR_OK;
}

static enum err check_mac(const struct buf *raw, const uint8_t *key)
{
    size_t signed_len = raw->len - HASH_LEN;
    return hash_hmac_check(raw->data + signed_len, span_of(key, KEY_LEN),
                           SPANS(span_of(raw->data, signed_len)));
}

enum err fernet_open(struct buf *plain, const uint8_t key[static FERNET_KEY_LEN], struct span token)
{
    struct buf raw = BUF_INIT(token.len);
    enum err e = base64url_decode(&raw, token);
    if (e)
        goto out;
    if (raw.len == 0 || !is_raw_token(raw.data[0], raw.len)) {
        e = ERR_MALFORMED;
        goto out;
    }
    e = check_mac(&raw, key);
    if (e)
        goto out;
    uint8_t *body = raw.data + HEAD_LEN;
    size_t n = raw.len - HEAD_LEN - HASH_LEN;
    e = run_cbc(key + KEY_LEN, raw.data + IV_AT, body, n, false);
    if (e)
        goto out;
    e = remove_padding(body, &n);
    if (e)
        goto out;
    e = buf_append(plain, body, n);
out:
    buf_free(&raw);
    return e;
}

bool fernet_is_token(struct span text)
{
    uint8_t bytes[CHUNK_BYTES], version = 0;
    size_t total = 0;
    for (size_t at = 0; at < text.len; at += CHUNK_CHARS) {
        struct span chunk = span_of(text.data + at, text.len - at);
        size_t n = CHUNK_BYTES;
        if (chunk.len > CHUNK_CHARS) {
            chunk.len = CHUNK_CHARS;
        } else {
            if (chunk.len % 4)
                return false;
            n = chunk.len / 4 * 3;
            n -= chunk.data[chunk.len - 1] == '=';
            n -= chunk.data[chunk.len - 2] == '=';
        }
        if (base64url_decode_exact(bytes, n, chunk))
            return false;
        version = at == 0 ? bytes[0] : version;
        total += n;
    }
    return is_raw_token(version, total);
}
