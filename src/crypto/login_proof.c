/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Login by signature. The transcript binds it to one connection, the vault's hash to one password. */
#include "crypto/login_proof.h"

#include <string.h>

#include "base/banned.h"

#define KIND "secmsg-login-1\n"

enum err login_proof_sign(uint8_t signature[static RSA_LEN], const struct rsa_key *sign,
                          struct span user, const uint8_t transcript[static HASH_LEN],
                          struct span vault_token)
{
    uint8_t vault[HASH_LEN];
    hash_sha256(vault, &vault_token, 1);
    return rsa_sign(signature, sign,
                    SPANS(SPAN(KIND), user, SPAN("\n"), span_of(transcript, HASH_LEN),
                          span_of(vault, HASH_LEN)));
}

/* What isn't below the modulus is no signature, and RSA is spared. Which numbers those are depends on the key, so the time
 * would tell a name's own from the one for names that have none: another number is verified in its place. */
enum err login_proof_verify(const uint8_t sign[static RSA_LEN],
                            const uint8_t signature[static RSA_LEN], struct span user,
                            const uint8_t transcript[static HASH_LEN], struct span vault_token)
{
    uint8_t vault[HASH_LEN], number[RSA_LEN];
    bool is_below = memcmp(signature, sign, RSA_LEN) < 0;
    memcpy(number, signature, RSA_LEN);
    if (!is_below)
        number[0] &= 0x7f;
    hash_sha256(vault, &vault_token, 1);
    enum err e = rsa_verify(sign, number,
                            SPANS(SPAN(KIND), user, SPAN("\n"), span_of(transcript, HASH_LEN),
                                  span_of(vault, HASH_LEN)));
    return !e && !is_below ? ERR_FORGED : e;
}
