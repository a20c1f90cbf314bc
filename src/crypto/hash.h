/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hash.h: SHA-256, HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869, built on HMAC). */
#ifndef SECMSG_CRYPTO_HASH_H
#define SECMSG_CRYPTO_HASH_H

#include "base/bytes.h"
#include "base/error.h"

#define HASH_LEN       32
#define HASH_PARTS_MAX 8 /* parts of one call; more is a bug and aborts */

/* Hashes n parts as if they stood one after the other; SPANS(...) makes the two arguments. */
#define SPANS(...) \
    (const struct span[]){__VA_ARGS__}, sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span)

void hash_sha256(uint8_t out[static HASH_LEN], const struct span parts[], size_t n);

/* A key of any length, also 0. */
enum err hash_hmac(uint8_t out[static HASH_LEN], struct span key, const struct span parts[],
                   size_t n) MUST_USE;

/* ERR_OK or ERR_FORGED, in constant time. */
enum err hash_hmac_check(const uint8_t tag[static HASH_LEN], struct span key,
                         const struct span parts[], size_t n) MUST_USE;

/* out_len at most 255 * 32, else ERR_TOO_LARGE. */
enum err hash_hkdf(uint8_t *out, size_t out_len, struct span ikm, struct span salt,
                   struct span info) MUST_USE;

/* "SHA256:" and 43 characters of unpadded base64: how people see a host key or an identity. */
#define FINGERPRINT_SIZE 51
void hash_fingerprint(char text[static FINGERPRINT_SIZE], struct span bytes);

/* Whether text is of a fingerprint's form: the prefix, and 43 characters that decode to 32 bytes. */
bool hash_is_fingerprint(struct span text);

#endif
