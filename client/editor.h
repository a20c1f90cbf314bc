/* SPDX-License-Identifier: GPL-3.0-or-later */
/* editor.h: a text written in the user's editor. */
#ifndef SECMSG_CLIENT_EDITOR_H
#define SECMSG_CLIENT_EDITOR_H

#include "session.h"

/* Puts the text into a new file, which nobody else may read, in the account's directory, runs $VISUAL or $EDITOR
 * (or vi) on it, and takes what is there when that ends; the file is removed. Says why there is none. */
enum status editor_run(const struct session *s, struct buf *text) MUST_USE;

#endif
