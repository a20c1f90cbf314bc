/* SPDX-License-Identifier: GPL-3.0-or-later */
/* given.h: what a word is handed: a proof or an envelope, as a file or on standard input, or a fingerprint. */
#ifndef SECMSG_CLIENT_GIVEN_H
#define SECMSG_CLIENT_GIVEN_H

#include "session.h"

/* A proof holds an envelope in base64. */
#define GIVEN_MAX (2 * CONNECTION_LINE_MAX)

/* Appends the file's bytes; path NULL or "-" is standard input, which the prompt needs for itself. Says why it
 * can't: STATUS_NO_INPUT, STATUS_DATA if it is too large, STATUS_USAGE. */
enum status given_read(const struct session *s, const char *path, struct buf *bytes) MUST_USE;

/* Says what a fingerprint is, STATUS_USAGE, if that is none. */
enum status given_check_fingerprint(const char *text) MUST_USE;

#endif
