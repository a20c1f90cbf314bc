/* SPDX-License-Identifier: GPL-3.0-or-later */
/* password.h: where a password comes from: --password-fd, --password-file, or the terminal. */
#ifndef SECMSG_CLIENT_PASSWORD_H
#define SECMSG_CLIENT_PASSWORD_H

#include "session.h"

/* Fills *password (BUF_INIT(PASSWORD_BUF_MAX), empty). is_new asks twice at a terminal. Says why there is
 * none: STATUS_USAGE, STATUS_NO_INPUT, STATUS_DATA for one that isn't 1-1024 bytes. */
#define PASSWORD_BUF_MAX (STRETCH_PASSWORD_MAX + 2)
enum status password_get(struct session *s, bool is_new, struct buf *password) MUST_USE;

/* Reads what --password-fd or --password-file gives, if one was given and that wasn't done yet: before any
 * command is started, which might read it instead. */
enum status password_read_given(struct session *s) MUST_USE;

/* The password that `passwd` sets: from --new-password-fd or --new-password-file, or asked for twice. It is read
 * before any command is started. */
enum status password_get_new(struct session *s, struct buf *password) MUST_USE;

/* After a failure: a password that stands in the next line of a pipe must never be run as a word, or shown. */
void password_pass_over(const struct session *s);

/* Whether one was given by an option, a variable or the file. */
bool password_is_given(const struct session *s);

/* Whether another one could be asked for after a wrong one. */
bool password_can_retry(const struct session *s);

#endif
