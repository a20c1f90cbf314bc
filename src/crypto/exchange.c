/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X25519. libgcrypt clamps the scalar and ignores the top bit, but reports success for an all-zero
 * result, which a peer gets by sending a point of low order. */
#include "crypto/exchange.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/library.h"

#include "base/banned.h"

/* libgcrypt copies the scalar to where it found it: only secure memory is wiped after use. */
static enum err multiply(uint8_t *result, const uint8_t *secret, const uint8_t *point)
{
    uint8_t *scalar = gcry_malloc_secure(EXCHANGE_LEN);
    if (!scalar)
        return ERR_NO_MEMORY;
    memcpy(scalar, secret, EXCHANGE_LEN);
    enum err e = library_need_secure(EXCHANGE_LEN);
    if (!e)
        e = library_error(gcry_ecc_mul_point(GCRY_ECC_CURVE25519, result, scalar, point));
    gcry_free(scalar);
    return e;
}

enum err exchange_public(uint8_t public_key[static EXCHANGE_LEN],
                         const uint8_t secret[static EXCHANGE_LEN])
{
    return multiply(public_key, secret, NULL);
}

enum err exchange_shared(uint8_t shared[static EXCHANGE_LEN],
                         const uint8_t secret[static EXCHANGE_LEN],
                         const uint8_t peer[static EXCHANGE_LEN])
{
    static const uint8_t zero[EXCHANGE_LEN];
    enum err e = multiply(shared, secret, peer);
    if (!e && bytes_equal_secret(shared, zero, EXCHANGE_LEN))
        e = ERR_MALFORMED;
    return e;
}
