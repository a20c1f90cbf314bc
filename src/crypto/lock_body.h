/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock_body.h: salt and vault, what a change of password replaces (protocol 2, PASSWD; 3.2). */
#ifndef SECMSG_CRYPTO_LOCK_BODY_H
#define SECMSG_CRYPTO_LOCK_BODY_H

#include "base/buf.h"
#include "crypto/stretch.h"

#define VAULT_TOKEN_MAX 8192

/* The two lines `salt:` and `vault:` that PASSWD carries. */
enum err lock_body_parse(uint8_t salt[static STRETCH_SALT_LEN], struct span *vault,
                         struct span text) MUST_USE;
enum err lock_body_make(struct buf *text, const uint8_t salt[static STRETCH_SALT_LEN],
                        struct span vault) MUST_USE;

/* Takes the line `vault: ...` off the front of *rest. ERR_MALFORMED if its value isn't a Fernet token by
 * its form, or is longer than VAULT_TOKEN_MAX. */
enum err lock_body_take_vault(struct span *vault, struct span *rest) MUST_USE;

#endif
