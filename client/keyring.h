/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyring.h: a user's own keys: on disk only in the form of the vault, in the clear only in memory.
 *
 * The file `keys` of the account's directory is an account body (protocol 3.2): salt, identity, vault. */
#ifndef SECMSG_CLIENT_KEYRING_H
#define SECMSG_CLIENT_KEYRING_H

#include "crypto/vault.h"
#include "home.h"

struct keyring {
    uint8_t salt[STRETCH_SALT_LEN];
    struct buf identity; /* its text */
    struct identity self;
    struct buf token; /* the vault, sealed */
    struct vault vault;
    uint8_t root[STRETCH_ROOT_LEN]; /* what opened it; as long as it is unlocked */
    bool is_loaded;                 /* salt, identity, self and token are there */
    bool is_unlocked;               /* the vault too */
};

void keyring_init(struct keyring *ring);

/* Wipes all of it. */
void keyring_clear(struct keyring *ring);

/* Takes copies; the identity is parsed and verified. */
enum err keyring_set(struct keyring *ring, const uint8_t salt[static STRETCH_SALT_LEN],
                     struct span identity, struct span token) MUST_USE;

/* Makes new keys (seconds of work) for a new account, sealed under a fresh salt and the password; root
 * is what the password stretches to, and the caller's to wipe. */
enum err keyring_make(struct keyring *ring, const char *user, struct span password,
                      uint8_t root[static STRETCH_ROOT_LEN], uint64_t time) MUST_USE;

/* ERR_NOT_FOUND if this user isn't logged in here, ERR_DAMAGED, ERR_IO. */
enum err keyring_load(struct keyring *ring, int account_dir, const char *user) MUST_USE;
enum err keyring_save(const struct keyring *ring, int account_dir) MUST_USE;

/* ERR_NOT_FOUND if there is nothing to remove. */
enum err keyring_remove(int account_dir) MUST_USE;

/* Opens the vault with the password, or with its root. ERR_FORGED: a wrong password; ERR_MALFORMED: the
 * vault isn't this identity's. */
enum err keyring_unlock(struct keyring *ring, struct span password) MUST_USE;
enum err keyring_unlock_root(struct keyring *ring,
                             const uint8_t root[static STRETCH_ROOT_LEN]) MUST_USE;

/* Another password for the same keys: a lock that keyring_take_lock puts in place of the old one, once the server
 * has it. The keyring is unlocked. keyring_free_lock is fine after a failure. */
struct keyring_lock {
    uint8_t salt[STRETCH_SALT_LEN];
    uint8_t root[STRETCH_ROOT_LEN];
    struct buf token;
};

enum err keyring_make_lock(const struct keyring *ring, struct span password, uint64_t time,
                           struct keyring_lock *lock) MUST_USE;
enum err keyring_take_lock(struct keyring *ring, const struct keyring_lock *lock) MUST_USE;
void keyring_free_lock(struct keyring_lock *lock);

#endif
