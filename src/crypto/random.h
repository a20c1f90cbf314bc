/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random.h: all randomness: the kernel's generator, through libgcrypt. */
#ifndef SECMSG_CRYPTO_RANDOM_H
#define SECMSG_CRYPTO_RANDOM_H

#include <stddef.h>

/* Fills n bytes for salts, nonces, ids and IVs. Can't fail. */
void random_bytes(void *out, size_t n);

/* Fills n bytes of key material. Can't fail. */
void random_key(void *out, size_t n);

#endif
