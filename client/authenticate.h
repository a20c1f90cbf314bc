/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authenticate.h: from a name and a password to a session that is logged in and has its keys. */
#ifndef SECMSG_CLIENT_AUTHENTICATE_H
#define SECMSG_CLIENT_AUTHENTICATE_H

#include "session.h"

/* What every word that needs a login calls first: nothing if the session is logged in and alive, else
 * connects and logs in by the local keys; asks for the password that opens them if that wasn't done yet.
 *
 * When the server refuses the keys, or the password doesn't open them, the password may have been changed
 * on another machine: if the server's salt is another one, a person is asked for the new password, and one
 * that was given for a script is tried. If the salts are equal, nothing is sent. */
enum status authenticate_session(struct session *s) MUST_USE;

/* Opens the local keys, for what needs no server. If the password doesn't open them, may_connect says whether
 * the server is asked if it was changed elsewhere; the session may be logged in then. */
enum status authenticate_keys(struct session *s, bool may_connect) MUST_USE;

/* Asks for the password, logs s->user in by it, and fetches and keeps the account's keys; a person may try
 * three times. */
enum status authenticate_asking(struct session *s) MUST_USE;

/* What follows every login: limits, and when this client first knew the account. */
enum status authenticate_finish(struct session *s) MUST_USE;

/* Says who is logged in, and how many messages are unread. */
void authenticate_say_welcome(const struct session *s);

#endif
