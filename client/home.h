/* SPDX-License-Identifier: GPL-3.0-or-later */
/* home.h: the client's directory, and in it a directory for each account.
 *
 *     <home>/hosts                               pinned host keys (pins.h)
 *     <home>/accounts/<host key, hex>/<user>/    one account:
 *         keys          salt, identity and vault (keyring.h); gone after logout
 *         identities    pinned identities (pins.h)
 *         seen          ids of messages that were shown (seen.h)
 *         first-login   when this client first knew the account
 *         deleted       if it was deleted from here, when
 *         outbox/       messages that the server isn't known to have (outbox.h)
 *         draft-<user>  what was written and couldn't be handed to the outbox (draft.h)
 *         text-<hex>/   what an editor has, unsealed (scratch.h)
 *         archive       all messages that were received or sent (archive.h)
 *         quarantine/   messages that failed their checks
 *
 * Each of the two kinds of directory has a file `lock`, held (flock) while anything in it is changed; an
 * account's has two more: `reading` is held while a message is shown, `sending` while the outbox is sent. */
#ifndef SECMSG_CLIENT_HOME_H
#define SECMSG_CLIENT_HOME_H

#include <limits.h>
#include <stdbool.h>

#include "crypto/field.h"
#include "crypto/host_key.h"
#include "status.h"

struct home {
    int dir; /* -1 if not open */
    char path[PATH_MAX];
};

/* The account's directory, of the same shape. */
struct home_account {
    int dir;
    char path[PATH_MAX];
};

/* Opens `path`, or where it is NULL $XDG_STATE_HOME/secmsg or ~/.local/state/secmsg. A
 * missing one is no failure: dir is -1 then. Says why it can't. */
enum status home_open(struct home *home, const char *path) MUST_USE;

/* What the first write calls before it: makes the directory, with mode 0700, and opens it, if that wasn't
 * done. Says why it can't. */
enum status home_make(struct home *home) MUST_USE;
void home_close(struct home *home);

/* Steps from *dir, which is closed if it isn't `keep`, into a directory in it that is made if it is
 * missing. ERR_IO and errno; *dir is -1 then. */
enum err home_step_into(int *dir, int keep, const char *name) MUST_USE;

/* Opens an account's directory in an open home, and makes it if it is missing. ERR_IO and errno. */
enum err home_open_account(const struct home *home, const uint8_t host_key[static HOST_KEY_LEN],
                           const char *user, struct home_account *account) MUST_USE;
void home_close_account(struct home_account *account);

/* The one user that is logged in at this host key. ERR_NOT_FOUND if there is none, ERR_EXISTS if there
 * are several. */
enum err home_find_user(const struct home *home, const uint8_t host_key[static HOST_KEY_LEN],
                        char user[static FIELD_USER_SIZE]) MUST_USE;

/* When this client first knew the account, in seconds since 1970: noted once, and never changed. 0 if
 * that isn't known. */
enum err home_note_first_login(int account_dir, uint64_t now) MUST_USE;
uint64_t home_first_login(int account_dir);

/* Notes that the account was deleted from here, and whether it was. */
enum err home_note_deleted(int account_dir, uint64_t now) MUST_USE;
bool home_is_deleted(int account_dir);

/* Waits for a lock of a directory: ERR_BUSY after wait_ms. *lock is closed by home_unlock. */
enum err home_lock(int dir, const char *name, uint64_t wait_ms, int *lock) MUST_USE;
void home_unlock(int lock);

/* While anything in the directory is changed. */
#define HOME_LOCK "lock"
/* From the look whether a message was seen to the note that it was, so that two clients don't show it. */
#define HOME_READ_LOCK "reading"
/* From the look at a message in the outbox to its removal, so that two clients don't seal it twice. It is
 * taken before HOME_LOCK. */
#define HOME_SEND_LOCK "sending"

/* How long commands wait for each other's locks. */
#define HOME_LOCK_MS 10000

/* The names of files that more than one module knows. */
#define HOME_KEYS "keys"

#endif
