/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What opens under the right password, and was made by somebody else: the keys are the identity's, or there are
 * none. libgcrypt takes almost any numbers for primes. */
#include "crypto/vault.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

static const uint8_t key[FERNET_KEY_LEN] = {1};

void fuzz_start(void)
{
    people_meet();
}

static void check_keys(const struct vault *vault)
{
    uint8_t signature[RSA_LEN];
    struct span text = SPAN("text");
    FUZZ_HOLDS(memcmp(rsa_modulus(vault->sign), alice.identity.sign, RSA_LEN) == 0);
    FUZZ_HOLDS(memcmp(rsa_modulus(vault->seal), alice.identity.seal, RSA_LEN) == 0);
    FUZZ_OK(rsa_sign(signature, vault->sign, &text, 1));
    FUZZ_OK(rsa_verify(alice.identity.sign, signature, &text, 1));
}

/* Any primes at all, for the identity's sake of no use. */
static void check_primes(struct span in)
{
    uint8_t primes[2][RSA_PRIME_LEN] = {{0}};
    struct rsa_key *made = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct span taken = fuzz_take(&in, RSA_PRIME_LEN);
        memcpy(primes[i], taken.data, taken.len);
    }
    enum err e = rsa_from_primes(&made, primes[0], primes[1]);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK)
        FUZZ_HOLDS(rsa_is_modulus(rsa_modulus(made)));
    rsa_free(made);
}

static void check_plain(struct span in)
{
    struct vault vault;
    struct buf token = BUF_INIT(65536);
    FUZZ_OK(fernet_seal(&token, key, 0, in));
    enum err e = vault_open(&vault, buf_span(&token), key, &alice.identity);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK)
        check_keys(&vault);
    else
        FUZZ_HOLDS(vault.sign == NULL && vault.seal == NULL);
    vault_free(&vault);
    buf_free(&token);
}

void fuzz_one(struct span in)
{
    if (fuzz_take_byte(&in) % 2)
        check_primes(in);
    else
        check_plain(in);
}
