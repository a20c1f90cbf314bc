/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exchange.h: X25519 (RFC 7748). */
#ifndef SECMSG_CRYPTO_EXCHANGE_H
#define SECMSG_CRYPTO_EXCHANGE_H

#include <stdint.h>

#include "base/error.h"

#define EXCHANGE_LEN 32

/* The public key of a secret (clamped here; any 32 random bytes are a secret). */
enum err exchange_public(uint8_t public_key[static EXCHANGE_LEN],
                         const uint8_t secret[static EXCHANGE_LEN]) MUST_USE;

/* The shared value. The peer's top bit is ignored and non-canonical values are accepted, as RFC 7748
 * says. ERR_MALFORMED for an all-zero result (protocol 1.1). */
enum err exchange_shared(uint8_t shared[static EXCHANGE_LEN],
                         const uint8_t secret[static EXCHANGE_LEN],
                         const uint8_t peer[static EXCHANGE_LEN]) MUST_USE;

#endif
