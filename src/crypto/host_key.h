/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host_key.h: the server's Ed25519 key (RFC 8032). */
#ifndef SECMSG_CRYPTO_HOST_KEY_H
#define SECMSG_CRYPTO_HOST_KEY_H

#include "base/bytes.h"
#include "base/error.h"

#define HOST_KEY_LEN           32
#define HOST_KEY_SEED_LEN      32
#define HOST_KEY_SIGNATURE_LEN 64

/* The seed is the secret, as in RFC 8032 5.1.5; wiping it is the caller's. */
struct host_key {
    uint8_t seed[HOST_KEY_SEED_LEN];
    uint8_t public_key[HOST_KEY_LEN];
};

/* Fills public_key from seed. */
enum err host_key_from_seed(struct host_key *key,
                            const uint8_t seed[static HOST_KEY_SEED_LEN]) MUST_USE;

/* How a host key is kept: seed, public key, and the SHA-256 of "secmsg-host-key-1" LF and both. Keeping the
 * public key spares each process 0.27 ms; and since signing with another one than the seed's would give the
 * seed away, the pair has a check. */
#define HOST_KEY_FILE_LEN (HOST_KEY_SEED_LEN + HOST_KEY_LEN + 32)
void host_key_pack(uint8_t file[static HOST_KEY_FILE_LEN], const struct host_key *key);

/* ERR_MALFORMED for another length, or a check that fails. */
enum err host_key_unpack(struct host_key *key, struct span file) MUST_USE;

enum err host_key_sign(uint8_t signature[static HOST_KEY_SIGNATURE_LEN], const struct host_key *key,
                       struct span message) MUST_USE;

/* ERR_MALFORMED for a public key that isn't a canonical point of order > 8, ERR_FORGED for a signature
 * that doesn't verify or whose S isn't below the group order. Callers compare the pin first. */
enum err host_key_verify(const uint8_t public_key[static HOST_KEY_LEN], struct span message,
                         const uint8_t signature[static HOST_KEY_SIGNATURE_LEN]) MUST_USE;

#endif
