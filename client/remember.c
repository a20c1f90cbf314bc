/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remember.c: a key in the user's keyring. It has its time limit before it is there for anybody to find. */
#include "remember.h"

#include <errno.h>
#include <keyutils.h>
#include <stdio.h>

#include "password.h"

#include "base/banned.h"

#define KIND "user"
/* A key is its owner's by name too: later runs don't possess it. */
#define RIGHTS \
    (KEY_POS_ALL | KEY_USR_VIEW | KEY_USR_READ | KEY_USR_SEARCH | KEY_USR_WRITE | KEY_USR_SETATTR)

struct remember_name remember_name(const uint8_t host_key[static HOST_KEY_LEN], const char *user)
{
    struct remember_name name;
    char *at = name.text;
    at += snprintf(at, sizeof(name.text), "secmsg:");
    for (size_t i = 0; i < HOST_KEY_LEN; i++)
        at += snprintf(at, 3, "%02x", host_key[i]);
    (void)snprintf(at, 1 + FIELD_USER_SIZE, ":%s", user);
    return name;
}

static enum err err_of_kernel(void)
{
    switch (errno) {
    case ENOKEY:
    case EKEYEXPIRED:
    case EKEYREVOKED:
        return ERR_NOT_FOUND;
    case ENOSYS:
    case EPERM:
    case EACCES:
    case EOPNOTSUPP:
        return ERR_UNSUPPORTED;
    default:
        return ERR_IO;
    }
}

enum err remember_keep(const struct remember_name *name,
                       const uint8_t root[static STRETCH_ROOT_LEN], uint64_t seconds)
{
    /* Made where it dies with this process, and put into the user's keyring when it is as it should be. */
    key_serial_t key = add_key(KIND, name->text, root, STRETCH_ROOT_LEN, KEY_SPEC_PROCESS_KEYRING);
    if (key < 0)
        return err_of_kernel();
    bool is_kept = keyctl_set_timeout(key, (unsigned)seconds) == 0 &&
                   keyctl_setperm(key, RIGHTS) == 0 && keyctl_link(key, KEY_SPEC_USER_KEYRING) == 0;
    enum err err = is_kept ? ERR_OK : err_of_kernel();
    if (!is_kept)
        (void)keyctl_revoke(key);
    (void)keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
    return err;
}

static key_serial_t find(const struct remember_name *name)
{
    return (key_serial_t)keyctl_search(KEY_SPEC_USER_KEYRING, KIND, name->text, 0);
}

enum err remember_find(const struct remember_name *name, uint8_t root[static STRETCH_ROOT_LEN])
{
    key_serial_t key = find(name);
    if (key < 0 || keyctl_read(key, (char *)root, STRETCH_ROOT_LEN) != STRETCH_ROOT_LEN) {
        bytes_wipe(root, STRETCH_ROOT_LEN);
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

enum err remember_forget(const struct remember_name *name)
{
    key_serial_t key = find(name);
    if (key < 0)
        return err_of_kernel() == ERR_IO ? ERR_IO : ERR_NOT_FOUND;
    if (keyctl_revoke(key) != 0)
        return ERR_IO;
    (void)keyctl_unlink(key, KEY_SPEC_USER_KEYRING);
    return ERR_OK;
}

bool remember_unlock(struct session *s)
{
    uint8_t root[STRETCH_ROOT_LEN];
    if (s->wants_password || password_is_given(s))
        return false;
    struct remember_name name = remember_name(s->host_key, s->user);
    enum err err = remember_find(&name, root);
    if (err == ERR_OK)
        err = keyring_unlock_root(&s->ring, root);
    bytes_wipe(root, sizeof(root));
    if (err == ERR_FORGED)
        err = remember_forget(&name);
    return s->ring.is_unlocked;
}
