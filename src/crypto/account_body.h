/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account_body.h: what a new account is made of, sealed by its owner (protocol 3.2). */
#ifndef SECMSG_CRYPTO_ACCOUNT_BODY_H
#define SECMSG_CRYPTO_ACCOUNT_BODY_H

#include "crypto/lock_body.h"

/* The body of REGISTER. Spans point into the text that was parsed; identity is the decoded text. */
struct account_body {
    uint8_t salt[STRETCH_SALT_LEN];
    struct buf identity; /* at most IDENTITY_MAX, freed by account_body_free */
    struct span vault;   /* a Fernet token by its form, at most VAULT_TOKEN_MAX */
};

/* Form only: the identity itself is identity_parse's. ERR_MALFORMED, ERR_NO_MEMORY. */
enum err account_body_parse(struct account_body *body, struct span text) MUST_USE;
void account_body_free(struct account_body *body);
enum err account_body_make(struct buf *text, const uint8_t salt[static STRETCH_SALT_LEN],
                           struct span identity, struct span vault) MUST_USE;

#endif
