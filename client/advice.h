/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advice.h: the command that accepts a new key, as it would be typed here. */
#ifndef SECMSG_CLIENT_ADVICE_H
#define SECMSG_CLIENT_ADVICE_H

#include "session.h"

/* Says `trust USER FINGERPRINT`, or (user NULL) `trust --host FINGERPRINT`, on a line of its own, with the options
 * that a shell needs to come to the same server and account. */
void advice_say_trust(const struct session *s, const char *user, const char *fingerprint);

#endif
