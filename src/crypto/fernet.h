/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fernet.h: Fernet tokens (fernet/spec, version 0x80): AES-128-CBC and HMAC-SHA-256. */
#ifndef SECMSG_CRYPTO_FERNET_H
#define SECMSG_CRYPTO_FERNET_H

#include "base/buf.h"

#define FERNET_KEY_LEN 32 /* 16 bytes signing key, 16 bytes encryption key */
#define FERNET_IV_LEN  16

/* Bytes of the token of n bytes of plaintext. */
size_t fernet_token_len(size_t n);

/* Appends the token of `plain` with a random IV. `time` is in seconds since 1970. */
enum err fernet_seal(struct buf *token, const uint8_t key[static FERNET_KEY_LEN], uint64_t time,
                     struct span plain) MUST_USE;

/* The same with a given IV: for test vectors only. */
enum err fernet_seal_with_iv(struct buf *token, const uint8_t key[static FERNET_KEY_LEN],
                             uint64_t time, const uint8_t iv[static FERNET_IV_LEN],
                             struct span plain) MUST_USE;

/* Appends the plaintext; the token's time isn't checked (protocol 1.2). ERR_MALFORMED: not a token; ERR_FORGED: the
 * MAC or the padding fails; out as it was then. */
enum err fernet_open(struct buf *plain, const uint8_t key[static FERNET_KEY_LEN],
                     struct span token) MUST_USE;

/* Whether text has the form of a token (strict b64, version, lengths), without any key. */
bool fernet_is_token(struct span text);

#endif
