/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rsa.h: RSA-3072 with e = 65537: PSS signatures and OAEP (RFC 8017; SHA-256, MGF1-SHA-256). */
#ifndef SECMSG_CRYPTO_RSA_H
#define SECMSG_CRYPTO_RSA_H

#include "base/buf.h"

#define RSA_LEN       384 /* bytes of a modulus, signature or ciphertext: big-endian */
#define RSA_PRIME_LEN 192
#define RSA_OAEP_MAX  (RSA_LEN - 2 * 32 - 2) /* bytes that OAEP can seal */

/* Whether a modulus has its first and its last bit set: check before anything is done with one, since
 * libgcrypt 1.10 aborts or corrupts its heap on others. The functions below check it themselves too. */
bool rsa_is_modulus(const uint8_t modulus[static RSA_LEN]);

/* A key pair; its secret parts are in secure memory (2.5 KiB a key; operations need 12 KiB more while
 * they last, generating 20 KiB: a program with keys asks crypto_init for 65536 bytes). What doesn't find
 * that room returns ERR_NO_MEMORY. */
struct rsa_key;

/* A new key: seconds of work. ERR_NO_MEMORY. */
enum err rsa_generate(struct rsa_key **key) MUST_USE;

/* From its primes, in either order: sorts them (p < q) and derives the rest, as libgcrypt needs it.
 * ERR_MALFORMED if they can't be the primes of a 3072-bit modulus for e = 65537. */
enum err rsa_from_primes(struct rsa_key **key, const uint8_t a[static RSA_PRIME_LEN],
                         const uint8_t b[static RSA_PRIME_LEN]) MUST_USE;

void rsa_free(struct rsa_key *key);

const uint8_t *rsa_modulus(const struct rsa_key *key); /* RSA_LEN bytes, owned by the key */

/* The primes, to be kept in a vault; wiping them is the caller's. */
enum err rsa_primes(const struct rsa_key *key, uint8_t a[static RSA_PRIME_LEN],
                    uint8_t b[static RSA_PRIME_LEN]) MUST_USE;

/* Signs SHA256(parts) with a 32-byte salt, and verifies what it made before handing it out. */
enum err rsa_sign(uint8_t signature[static RSA_LEN], const struct rsa_key *key,
                  const struct span parts[], size_t n) MUST_USE;

/* ERR_MALFORMED for a modulus that isn't one, ERR_FORGED for a signature that isn't below the modulus
 * or doesn't verify. */
enum err rsa_verify(const uint8_t modulus[static RSA_LEN], const uint8_t signature[static RSA_LEN],
                    const struct span parts[], size_t n) MUST_USE;

/* OAEP with an empty label. ERR_MALFORMED for a modulus that isn't one and for no plaintext at all (which
 * libgcrypt doesn't take), ERR_TOO_LARGE for more than RSA_OAEP_MAX bytes. */
enum err rsa_seal(uint8_t cipher[static RSA_LEN], const uint8_t modulus[static RSA_LEN],
                  struct span plain) MUST_USE;

/* Appends the plaintext; ERR_FORGED for a ciphertext that isn't below the modulus or doesn't open. */
enum err rsa_open(struct buf *plain, const struct rsa_key *key,
                  const uint8_t cipher[static RSA_LEN]) MUST_USE;

#endif
