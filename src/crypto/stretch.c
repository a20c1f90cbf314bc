/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a password to a root, and from the root to everything else. The root opens the vault: whoever
 * holds one wipes it as soon as the secret and the vault key are made. */
#include "crypto/stretch.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/field.h"
#include "crypto/hash.h"
#include "crypto/library.h"

#include "base/banned.h"

#define PASSES 3
#define KIB    65536
#define LANES  1

enum err stretch_root(uint8_t root[static STRETCH_ROOT_LEN], struct span password,
                      const uint8_t salt[static STRETCH_SALT_LEN])
{
    static const unsigned long parameters[] = {STRETCH_ROOT_LEN, PASSES, KIB, LANES};
    gcry_kdf_hd_t kdf;
    if (password.len < 1 || password.len > STRETCH_PASSWORD_MAX)
        return ERR_MALFORMED;
    gcry_error_t g =
        gcry_kdf_open(&kdf, GCRY_KDF_ARGON2, GCRY_KDF_ARGON2ID, parameters, 4, password.data,
                      password.len, salt, STRETCH_SALT_LEN, NULL, 0, NULL, 0);
    if (g)
        return library_error(g);
    g = gcry_kdf_compute(kdf, NULL);
    if (!g)
        g = gcry_kdf_final(kdf, STRETCH_ROOT_LEN, root);
    gcry_kdf_close(kdf); /* wipes the 64 MiB */
    if (g)
        bytes_wipe(root, STRETCH_ROOT_LEN);
    return library_error(g);
}

enum err stretch_secret(char secret[static STRETCH_SECRET_SIZE],
                        const uint8_t root[static STRETCH_ROOT_LEN],
                        const uint8_t host_key[static HOST_KEY_LEN], struct span user)
{
    static const char label[] = "secmsg-secret-1\n";
    uint8_t info[sizeof label - 1 + FIELD_USER_MAX], bytes[32];
    if (user.len > FIELD_USER_MAX)
        return ERR_MALFORMED;
    memcpy(info, label, sizeof label - 1);
    if (user.len > 0)
        memcpy(info + sizeof label - 1, user.data, user.len);
    enum err e =
        hash_hkdf(bytes, sizeof bytes, span_of(root, STRETCH_ROOT_LEN),
                  span_of(host_key, HOST_KEY_LEN), span_of(info, sizeof label - 1 + user.len));
    if (!e)
        base64url_encode_text(secret, STRETCH_SECRET_SIZE, span_of(bytes, sizeof bytes));
    bytes_wipe(bytes, sizeof bytes);
    return e;
}

enum err stretch_vault_key(uint8_t key[static FERNET_KEY_LEN],
                           const uint8_t root[static STRETCH_ROOT_LEN])
{
    return hash_hkdf(key, FERNET_KEY_LEN, span_of(root, STRETCH_ROOT_LEN), SPAN(""),
                     SPAN("secmsg-vault-1"));
}

bool stretch_is_secret(struct span text)
{
    uint8_t bytes[32];
    bool is_secret = base64url_decode_exact(bytes, sizeof bytes, text) == ERR_OK;
    bytes_wipe(bytes, sizeof bytes);
    return is_secret;
}

void stretch_check(uint8_t check[static STRETCH_CHECK_LEN],
                   const uint8_t salt[static STRETCH_SALT_LEN], struct span secret)
{
    hash_sha256(check, SPANS(SPAN("secmsg-password-1\n"), span_of(salt, STRETCH_SALT_LEN), secret));
}

enum err stretch_unknown_salt(uint8_t salt[static STRETCH_SALT_LEN], struct span store_secret,
                              struct span user)
{
    uint8_t mac[HASH_LEN];
    enum err e = hash_hmac(mac, store_secret, SPANS(SPAN("secmsg-salt-1\n"), user));
    if (!e)
        memcpy(salt, mac, STRETCH_SALT_LEN);
    bytes_wipe(mac, sizeof mac);
    return e;
}
