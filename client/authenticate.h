/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authenticate.h: from a name and a password to a session that is logged in and has its keys. */
#ifndef SECMSG_CLIENT_AUTHENTICATE_H
#define SECMSG_CLIENT_AUTHENTICATE_H

#include "session.h"

/* What every word that needs a login calls first: nothing if the session is logged in and alive, else
 * connects and logs in by the local keys; asks for the password that opens them if that wasn't done yet.
 *
 * When the server refuses the keys, or the password doesn't open them, the password may have been changed
 * on another machine: then, if the server's salt is another one, it is tried as the new password. */
enum status authenticate_session(struct session *s) MUST_USE;

/* Logs s->user in by the password, fetches the vault, checks that it is the keys of the account's identity
 * and of the pinned one, and keeps it in the account's directory. */
enum status authenticate_by_password(struct session *s, struct span password) MUST_USE;

/* Asks for the password and does that; a person may try three times. */
enum status authenticate_asking(struct session *s) MUST_USE;

/* What follows every login: limits, and when this client first knew the account. */
enum status authenticate_finish(struct session *s) MUST_USE;

/* Says who is logged in, and how many messages are unread. */
void authenticate_say_welcome(const struct session *s);

#endif
