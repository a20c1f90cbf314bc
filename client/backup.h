/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backup.h: a user's keys in a file of their own, which says whose they are at which server:
 *
 *     secmsg-keys-1
 *     server: <as pins have it>
 *     host-key: <b64>
 *     salt, identity and vault, as in the account body (protocol 3.2)
 *
 * Nothing in it is secret but for the vault, which is sealed by the password. */
#ifndef SECMSG_CLIENT_BACKUP_H
#define SECMSG_CLIENT_BACKUP_H

#include "keyring.h"

#define BACKUP_MAX ((size_t)128 << 10)

/* Appends the text of a backup. ERR_MALFORMED for a server that can't stand in it. */
enum err backup_make(struct buf *text, const struct keyring *ring, struct span server,
                     const uint8_t host_key[static HOST_KEY_LEN]) MUST_USE;

/* Loads the keyring from it, locked. *server points into text. ERR_MALFORMED for anything that isn't of this form,
 * or whose identity doesn't stand by itself. */
enum err backup_parse(struct keyring *ring, struct span *server,
                      uint8_t host_key[static HOST_KEY_LEN], struct span text) MUST_USE;

#endif
