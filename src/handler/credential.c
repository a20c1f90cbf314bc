/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Credentials. An unknown name goes the way of a known one to its end, and fails there. */
#include "handler/credential.h"

#include <string.h>

#include "crypto/random.h"
#include "handler/decoy.h"

#include "base/banned.h"

enum err credential_load_decoy(const struct session *s, struct span name,
                               struct store_account *account)
{
    enum err e = stretch_unknown_salt(account->salt,
                                      span_of(store_secret(s->store), STORE_SECRET_LEN), name);
    memset(account->check_salt, 0, sizeof(account->check_salt));
    memset(account->check, 0, sizeof(account->check));
    account->has_identity = true;
    if (!e)
        e = buf_append_str(&account->identity, decoy_identity);
    for (size_t i = 0; i < DECOY_VAULT_LEN && !e; i++)
        e = buf_append_byte(&account->vault, 'A');
    return e;
}

enum err credential_load(struct session *s, struct span name, struct store_account *account,
                         bool *exists)
{
    char user[FIELD_USER_SIZE];
    struct store_account decoy = STORE_ACCOUNT_INIT;
    enum err e = credential_load_decoy(s, name, &decoy), found = ERR_NOT_FOUND;
    if (!e && field_is_user(name) && span_to_text(name, user, sizeof(user)))
        found =
            store_account_get_alike(s->store, user, decoy.identity.len + decoy.vault.len, account);
    *exists = !e && !found;
    if (e || found != ERR_NOT_FOUND) {
        store_account_free(&decoy);
        return e ? e : found;
    }
    store_account_free(account);
    *account = decoy;
    return ERR_OK;
}

/* The client's half, done here for plain mode. */
static enum err stretch_password(const struct session *s, char secret[static STRETCH_SECRET_SIZE],
                                 const uint8_t salt[static STRETCH_SALT_LEN], struct span user,
                                 struct span password)
{
    uint8_t root[STRETCH_ROOT_LEN];
    enum err e = stretch_root(root, password, salt);
    if (!e)
        e = stretch_secret(secret, root, store_host_key(s->store)->public_key, user);
    bytes_wipe(root, sizeof(root));
    return e;
}

enum err credential_check(const struct session *s, const struct store_account *account,
                          struct span user, struct span secret)
{
    char stretched[STRETCH_SECRET_SIZE];
    uint8_t check[STRETCH_CHECK_LEN];
    if (s->channel.is_plain) {
        enum err e = stretch_password(s, stretched, account->salt, user, secret);
        if (e)
            return e;
        secret = span_str(stretched);
    }
    bool is_secret = stretch_is_secret(secret);
    stretch_check(check, account->check_salt, secret);
    bool is_right = bytes_equal_secret(check, account->check, sizeof(check));
    bytes_wipe(stretched, sizeof(stretched));
    bytes_wipe(check, sizeof(check));
    return is_secret && is_right ? ERR_OK : ERR_DENIED;
}

enum code credential_code(enum err e)
{
    switch (e) {
    case ERR_OK:
        return CODE_NONE;
    case ERR_DENIED:
    case ERR_FORGED:
    case ERR_MALFORMED:
        return CODE_AUTH_FAILED;
    case ERR_NO_MEMORY:
        return CODE_BUSY;
    default:
        return CODE_INTERNAL;
    }
}

enum err credential_set(const struct session *s, struct store_account *account, struct span user,
                        struct span secret)
{
    char stretched[STRETCH_SECRET_SIZE];
    random_bytes(account->check_salt, sizeof(account->check_salt));
    if (s->channel.is_plain) {
        random_bytes(account->salt, sizeof(account->salt));
        enum err e = stretch_password(s, stretched, account->salt, user, secret);
        if (e)
            return e;
        secret = span_str(stretched);
    }
    enum err e = stretch_is_secret(secret) ? ERR_OK : ERR_MALFORMED;
    if (!e)
        stretch_check(account->check, account->check_salt, secret);
    bytes_wipe(stretched, sizeof(stretched));
    return e;
}
