/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vault.h: a user's private keys, sealed under what the password stretches to (protocol 3.2). */
#ifndef SECMSG_CRYPTO_VAULT_H
#define SECMSG_CRYPTO_VAULT_H

#include "crypto/account_body.h"
#include "crypto/identity.h"
#include "crypto/lock_body.h"
#include "crypto/login_proof.h"
#include "crypto/stretch.h"

#define VAULT_ARCHIVE_LEN 32

struct vault {
    struct rsa_key *sign;
    struct rsa_key *seal;
    uint8_t archive[VAULT_ARCHIVE_LEN]; /* seals the client's local archive: a Fernet key */
};

/* New keys: seconds of work. */
enum err vault_generate(struct vault *vault) MUST_USE;

/* Wipes and frees; a zeroed vault is fine. */
void vault_free(struct vault *vault);

/* Appends the token of the vault under a vault key. */
enum err vault_seal(struct buf *token, const struct vault *vault,
                    const uint8_t key[static FERNET_KEY_LEN], uint64_t time) MUST_USE;

/* Opens a token and checks that its keys are the identity's. ERR_FORGED: another key (a wrong password)
 * or changed; ERR_MALFORMED: opens, but isn't a vault or isn't this identity's. */
enum err vault_open(struct vault *vault, struct span token,
                    const uint8_t key[static FERNET_KEY_LEN],
                    const struct identity *identity) MUST_USE;

/* The `vault: ...` line that LOGIN is answered with. */
enum err vault_line_parse(struct span *vault, struct span text) MUST_USE;

#endif
