/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vault: lines `sign: <p> <q>`, `seal: <p> <q>`, `archive: <key>`, as a Fernet token. What is derived
 * from the primes is never stored, so it can't be wrong. */
#include "crypto/vault.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/field.h"
#include "crypto/random.h"

#include "base/banned.h"

#define PRIME_CHARS (RSA_PRIME_LEN / 3 * 4)
#define PLAIN_MAX   2048

enum err vault_generate(struct vault *vault)
{
    *vault = (struct vault){0};
    enum err e = rsa_generate(&vault->sign);
    if (!e)
        e = rsa_generate(&vault->seal);
    if (e)
        vault_free(vault);
    else
        random_key(vault->archive, VAULT_ARCHIVE_LEN);
    return e;
}

void vault_free(struct vault *vault)
{
    if (!vault)
        return;
    rsa_free(vault->sign);
    rsa_free(vault->seal);
    bytes_wipe(vault, sizeof *vault);
}

static enum err add_key(struct buf *plain, const char *name, const struct rsa_key *key)
{
    uint8_t primes[2][RSA_PRIME_LEN];
    enum err e = rsa_primes(key, primes[0], primes[1]);
    if (!e)
        e = buf_append_str(plain, name);
    if (!e)
        e = buf_append_str(plain, ": ");
    if (!e)
        e = base64url_encode(plain, span_of(primes[0], RSA_PRIME_LEN));
    if (!e)
        e = buf_append_byte(plain, ' ');
    if (!e)
        e = base64url_encode(plain, span_of(primes[1], RSA_PRIME_LEN));
    if (!e)
        e = buf_append_byte(plain, '\n');
    bytes_wipe(primes, sizeof primes);
    return e;
}

enum err vault_seal(struct buf *token, const struct vault *vault,
                    const uint8_t key[static FERNET_KEY_LEN], uint64_t time)
{
    struct buf plain = BUF_INIT(PLAIN_MAX);
    enum err e = add_key(&plain, "sign", vault->sign);
    if (!e)
        e = add_key(&plain, "seal", vault->seal);
    if (!e)
        e = field_add_b64(&plain, "archive", span_of(vault->archive, VAULT_ARCHIVE_LEN));
    if (!e)
        e = fernet_seal(token, key, time, buf_span(&plain));
    buf_free(&plain);
    return e;
}

/* Takes a line with two primes, and makes the key, which must have this modulus. */
static enum err take_key(struct rsa_key **key, struct span *rest, const char *name,
                         const uint8_t *modulus)
{
    uint8_t primes[2][RSA_PRIME_LEN];
    struct span value;
    enum err e = field_take_line(rest, name, &value);
    if (e)
        return e;
    if (value.len != 2 * PRIME_CHARS + 1 || value.data[PRIME_CHARS] != ' ')
        return ERR_MALFORMED;
    for (size_t i = 0; !e && i < 2; i++)
        e = base64url_decode_exact(primes[i], RSA_PRIME_LEN,
                                   span_of(value.data + i * (PRIME_CHARS + 1), PRIME_CHARS));
    if (!e)
        e = rsa_from_primes(key, primes[0], primes[1]);
    if (!e && memcmp(rsa_modulus(*key), modulus, RSA_LEN) != 0)
        e = ERR_MALFORMED;
    bytes_wipe(primes, sizeof primes);
    return e;
}

enum err vault_open(struct vault *vault, struct span token,
                    const uint8_t key[static FERNET_KEY_LEN], const struct identity *identity)
{
    struct buf plain = BUF_INIT(VAULT_TOKEN_MAX);
    *vault = (struct vault){0};
    if (token.len > VAULT_TOKEN_MAX)
        return ERR_MALFORMED;
    enum err e = fernet_open(&plain, key, token);
    struct span rest = buf_span(&plain);
    if (!e)
        e = take_key(&vault->sign, &rest, "sign", identity->sign);
    if (!e)
        e = take_key(&vault->seal, &rest, "seal", identity->seal);
    if (!e)
        e = field_take_b64(&rest, "archive", vault->archive, VAULT_ARCHIVE_LEN);
    if (!e && rest.len > 0)
        e = ERR_MALFORMED;
    if (e)
        vault_free(vault);
    buf_free(&plain);
    return e;
}

enum err vault_line_parse(struct span *vault, struct span text)
{
    struct span rest = text;
    enum err e = lock_body_take_vault(vault, &rest);
    return !e && rest.len > 0 ? ERR_MALFORMED : e;
}
