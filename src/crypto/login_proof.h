/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login_proof.h: login by a signature over this very connection, without a password (protocol 2, PROVE). */
#ifndef SECMSG_CRYPTO_LOGIN_PROOF_H
#define SECMSG_CRYPTO_LOGIN_PROOF_H

#include "crypto/hash.h"
#include "crypto/rsa.h"

/* PROVE's signature, by the user's signing key (protocol 2):
 * "secmsg-login-1" LF user LF || transcript || SHA256(vault token). */
enum err login_proof_sign(uint8_t signature[static RSA_LEN], const struct rsa_key *sign,
                          struct span user, const uint8_t transcript[static HASH_LEN],
                          struct span vault_token) MUST_USE;
enum err login_proof_verify(const uint8_t sign[static RSA_LEN],
                            const uint8_t signature[static RSA_LEN], struct span user,
                            const uint8_t transcript[static HASH_LEN],
                            struct span vault_token) MUST_USE;

#endif
