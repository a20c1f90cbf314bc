/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch.h: what the server keeps of an account: the salt of its password, and its keys. */
#ifndef SECMSG_CLIENT_FETCH_H
#define SECMSG_CLIENT_FETCH_H

#include "session.h"

/* Asks for the salt of s->user; there is a connection. A name that doesn't exist has one too. */
enum status fetch_salt(struct session *s, uint8_t salt[static STRETCH_SALT_LEN]) MUST_USE;

/* Logs s->user in, fetches the vault, checks that it is the keys of the account's identity and of the pinned
 * one, and keeps it in the account's directory. */
enum status fetch_by_password(struct session *s, struct span password) MUST_USE;

#endif
