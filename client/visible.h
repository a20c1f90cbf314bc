/* SPDX-License-Identifier: GPL-3.0-or-later */
/* visible.h: what others wrote, with everything made visible that could drive or deceive a terminal:
 * C0, DEL and C1 controls, bidirectional marks and overrides, line and paragraph separators, and bytes
 * that aren't UTF-8. They are shown as \x1b and <U+202E>. */
#ifndef SECMSG_CLIENT_VISIBLE_H
#define SECMSG_CLIENT_VISIBLE_H

#include "base/buf.h"

/* Appends text for people. LF and TAB stay as they are if keeps_lines, else they are shown as \x0a and
 * \x09 too. */
enum err visible_append(struct buf *out, struct span text, bool keeps_lines) MUST_USE;

/* The same for a value within one line of ours, cut at the end with "..." where it doesn't fit. */
struct visible_value {
    char text[600];
};
struct visible_value visible_value(struct span text);

/* Whether it can be sent as text: UTF-8 without zero bytes. What else is in it is the reader's to show. */
bool visible_is_text(struct span text);

#endif
