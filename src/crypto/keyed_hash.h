/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyed_hash.h: short keyed hashes for the store: SipHash-2-4 (Aumasson and Bernstein 2012).
 *
 * For record tags and index keys, where the key is the store's own secret and the text may be chosen
 * by anybody. Not a MAC for anything that leaves the machine. */
#ifndef SECMSG_CRYPTO_KEYED_HASH_H
#define SECMSG_CRYPTO_KEYED_HASH_H

#include "base/bytes.h"

#define KEYED_HASH_KEY_LEN 16

/* SipHash-2-4 with 8 bytes of output, over n parts as if they stood one after the other. */
uint64_t keyed_hash(const uint8_t key[static KEYED_HASH_KEY_LEN], const struct span parts[],
                    size_t n);

/* Its 16-byte variant (SipHash-128), for keys that must not collide. */
void keyed_hash_128(uint8_t out[static 16], const uint8_t key[static KEYED_HASH_KEY_LEN],
                    const struct span parts[], size_t n);

#endif
