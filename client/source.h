/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source.h: what `send`, `reply` and `seal` take: -m TEXT, -f FILE, or standard input. */
#ifndef SECMSG_CLIENT_SOURCE_H
#define SECMSG_CLIENT_SOURCE_H

#include "post.h"

/* Whether at most one source was given; is_dash: a lone `-` was. Says what is wrong, STATUS_USAGE. */
enum status source_check(const struct session *s, bool is_dash, const char *word) MUST_USE;

/* Whether it is standard input, which at the prompt it can't be. */
bool source_is_stdin(const struct session *s);

/* Fills the letter's type, name and data; *data (of CONNECTION_LINE_MAX) owns it. Says what is wrong, and
 * that nothing was `done`: sent, or sealed. */
enum status source_gather(struct session *s, struct letter *letter, struct buf *data,
                          const char *done) MUST_USE;

#endif
