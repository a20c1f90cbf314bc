/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confirm.h: before what can't be undone: whoever asks for it knows the password, now. */
#ifndef SECMSG_CLIENT_CONFIRM_H
#define SECMSG_CLIENT_CONFIRM_H

#include "session.h"

/* Logs in with the password, which is asked for even if the keys are open or remembered. The keyring is
 * unlocked by it then. */
enum status confirm_password(struct session *s) MUST_USE;

/* What the server knows the password by. */
enum status confirm_secret(const struct session *s, const uint8_t root[static STRETCH_ROOT_LEN],
                           char secret[static STRETCH_SECRET_SIZE]) MUST_USE;

#endif
