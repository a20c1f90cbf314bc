/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyring.c: keeps a user's keys. Nothing secret is written that isn't sealed by the password. */
#include "keyring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/random.h"

#include "base/banned.h"

#define KEYS_FILE_MAX 16384

void keyring_init(struct keyring *ring)
{
    *ring =
        (struct keyring){.identity = BUF_INIT(IDENTITY_MAX), .token = BUF_INIT(VAULT_TOKEN_MAX)};
}

void keyring_clear(struct keyring *ring)
{
    buf_free(&ring->identity);
    buf_free(&ring->token);
    vault_free(&ring->vault);
    bytes_wipe(ring->root, sizeof(ring->root));
    keyring_init(ring);
}

enum err keyring_set(struct keyring *ring, const uint8_t salt[static STRETCH_SALT_LEN],
                     struct span identity, struct span token)
{
    keyring_clear(ring);
    enum err err = identity_parse(&ring->self, identity);
    if (err == ERR_OK)
        err = buf_append_span(&ring->identity, identity);
    if (err == ERR_OK)
        err = buf_append_span(&ring->token, token);
    if (err != ERR_OK) {
        keyring_clear(ring);
        return err;
    }
    for (size_t i = 0; i < STRETCH_SALT_LEN; i++)
        ring->salt[i] = salt[i];
    ring->is_loaded = true;
    return ERR_OK;
}

enum err keyring_make(struct keyring *ring, const char *user, struct span password,
                      uint8_t root[static STRETCH_ROOT_LEN], uint64_t time)
{
    uint8_t key[FERNET_KEY_LEN];
    enum err err;
    keyring_clear(ring);
    random_bytes(ring->salt, STRETCH_SALT_LEN);
    err = stretch_root(root, password, ring->salt);
    if (err == ERR_OK)
        err = stretch_vault_key(key, root);
    if (err == ERR_OK)
        err = vault_generate(&ring->vault);
    if (err == ERR_OK)
        err = vault_seal(&ring->token, &ring->vault, key, time);
    if (err == ERR_OK)
        err = identity_make(&ring->identity, span_str(user), ring->vault.sign, ring->vault.seal);
    if (err == ERR_OK)
        err = identity_parse(&ring->self, buf_span(&ring->identity));
    bytes_wipe(key, sizeof(key));
    if (err != ERR_OK) {
        keyring_clear(ring);
        return err;
    }
    memcpy(ring->root, root, STRETCH_ROOT_LEN);
    ring->is_loaded = true;
    ring->is_unlocked = true;
    return ERR_OK;
}

enum err keyring_load(struct keyring *ring, int account_dir, const char *user)
{
    struct buf text = BUF_INIT(KEYS_FILE_MAX);
    struct account_body body = {.identity = BUF_INIT(IDENTITY_MAX)};
    keyring_clear(ring);
    enum err err = file_read(account_dir, HOME_KEYS, &text);
    if (err == ERR_OK && account_body_parse(&body, buf_span(&text)) != ERR_OK)
        err = ERR_DAMAGED;
    if (err == ERR_OK &&
        (keyring_set(ring, body.salt, buf_span(&body.identity), body.vault) != ERR_OK ||
         !span_is(span_str(ring->self.user), user)))
        err = ERR_DAMAGED;
    if (err != ERR_OK)
        keyring_clear(ring);
    account_body_free(&body);
    buf_free(&text);
    return err;
}

enum err keyring_save(const struct keyring *ring, int account_dir)
{
    int lock = -1;
    struct buf text = BUF_INIT(KEYS_FILE_MAX);
    enum err err =
        account_body_make(&text, ring->salt, buf_span(&ring->identity), buf_span(&ring->token));
    if (err == ERR_OK)
        err = home_lock(account_dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK)
        err = file_replace(account_dir, HOME_KEYS, buf_span(&text), 0600);
    home_unlock(lock);
    buf_free(&text);
    return err;
}

enum err keyring_remove(int account_dir)
{
    int lock = -1;
    enum err err = home_lock(account_dir, HOME_LOCK, HOME_LOCK_MS, &lock);
    if (err == ERR_OK && unlinkat(account_dir, HOME_KEYS, 0) != 0)
        err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (err == ERR_OK && fsync(account_dir) != 0)
        err = ERR_IO;
    home_unlock(lock);
    return err;
}

enum err keyring_unlock_root(struct keyring *ring, const uint8_t root[static STRETCH_ROOT_LEN])
{
    uint8_t key[FERNET_KEY_LEN];
    enum err err = stretch_vault_key(key, root);
    vault_free(&ring->vault);
    if (err == ERR_OK)
        err = vault_open(&ring->vault, buf_span(&ring->token), key, &ring->self);
    bytes_wipe(key, sizeof(key));
    ring->is_unlocked = err == ERR_OK;
    if (err == ERR_OK)
        memmove(ring->root, root, STRETCH_ROOT_LEN);
    return err;
}

enum err keyring_unlock(struct keyring *ring, struct span password)
{
    uint8_t root[STRETCH_ROOT_LEN];
    enum err err = stretch_root(root, password, ring->salt);
    if (err == ERR_OK)
        err = keyring_unlock_root(ring, root);
    bytes_wipe(root, sizeof(root));
    return err;
}

enum err keyring_make_lock(const struct keyring *ring, struct span password, uint64_t time,
                           struct keyring_lock *lock)
{
    uint8_t key[FERNET_KEY_LEN];
    *lock = (struct keyring_lock){.token = BUF_INIT(VAULT_TOKEN_MAX)};
    random_bytes(lock->salt, STRETCH_SALT_LEN);
    enum err err = stretch_root(lock->root, password, lock->salt);
    if (err == ERR_OK)
        err = stretch_vault_key(key, lock->root);
    if (err == ERR_OK)
        err = vault_seal(&lock->token, &ring->vault, key, time);
    bytes_wipe(key, sizeof(key));
    return err;
}

enum err keyring_take_lock(struct keyring *ring, const struct keyring_lock *lock)
{
    struct buf token = BUF_INIT(VAULT_TOKEN_MAX);
    enum err err = buf_append_span(&token, buf_span(&lock->token));
    if (err != ERR_OK)
        return err;
    buf_free(&ring->token);
    ring->token = token;
    memcpy(ring->salt, lock->salt, STRETCH_SALT_LEN);
    memcpy(ring->root, lock->root, STRETCH_ROOT_LEN);
    return ERR_OK;
}

void keyring_free_lock(struct keyring_lock *lock)
{
    buf_free(&lock->token);
    bytes_wipe(lock, sizeof(*lock));
}
