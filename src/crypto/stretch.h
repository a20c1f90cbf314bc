/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stretch.h: from a password to what the server is told and what opens the vault (protocol 3.1). */
#ifndef SECMSG_CRYPTO_STRETCH_H
#define SECMSG_CRYPTO_STRETCH_H

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/fernet.h"
#include "crypto/host_key.h"

#define STRETCH_SALT_LEN     16
#define STRETCH_PASSWORD_MAX 1024
#define STRETCH_ROOT_LEN     32
#define STRETCH_SECRET_LEN   44 /* characters of b64(32 bytes) */
#define STRETCH_SECRET_SIZE  (STRETCH_SECRET_LEN + 1)
#define STRETCH_CHECK_LEN    32

/* root = Argon2id(password, salt, 3 passes, 64 MiB, 1 lane): 64 MiB of memory and some 0.2 s.
 * ERR_MALFORMED for a password that isn't 1-1024 bytes, ERR_NO_MEMORY. */
enum err stretch_root(uint8_t root[static STRETCH_ROOT_LEN], struct span password,
                      const uint8_t salt[static STRETCH_SALT_LEN]) MUST_USE;

/* What LOGIN and REGISTER carry: bound to this host key and this user. */
enum err stretch_secret(char secret[static STRETCH_SECRET_SIZE],
                        const uint8_t root[static STRETCH_ROOT_LEN],
                        const uint8_t host_key[static HOST_KEY_LEN], struct span user) MUST_USE;

enum err stretch_vault_key(uint8_t key[static FERNET_KEY_LEN],
                           const uint8_t root[static STRETCH_ROOT_LEN]) MUST_USE;

/* Whether text is b64 of exactly 32 bytes. */
bool stretch_is_secret(struct span text);

/* What the server keeps of a secret: SHA256("secmsg-password-1" LF || salt || secret). */
void stretch_check(uint8_t check[static STRETCH_CHECK_LEN],
                   const uint8_t salt[static STRETCH_SALT_LEN], struct span secret);

/* The salt that SALT answers for a name without account: stable and believable (protocol 2). */
enum err stretch_unknown_salt(uint8_t salt[static STRETCH_SALT_LEN], struct span store_secret,
                              struct span user) MUST_USE;

#endif
