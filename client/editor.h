/* SPDX-License-Identifier: GPL-3.0-or-later */
/* editor.h: a text written in the user's editor. */
#ifndef SECMSG_CLIENT_EDITOR_H
#define SECMSG_CLIENT_EDITOR_H

#include "session.h"

/* Runs $VISUAL or $EDITOR (or vi) on a file with the text, which nobody else may read, until that ends or the program
 * is told to end (input_is_told_to_end): then the editor is ended too. What was saved by then is in *text (of
 * DRAFT_MAX), and kept as a draft to that user; the file is removed. STATUS_OK if the editor wants it sent; else
 * says why not, and what was kept. The terminal's signals are held (input_hold). */
enum status editor_run(const struct session *s, const char *to, struct buf *text) MUST_USE;

#endif
