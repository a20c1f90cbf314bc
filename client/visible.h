/* SPDX-License-Identifier: GPL-3.0-or-later */
/* visible.h: what others wrote, with everything made visible that could drive or deceive a terminal:
 * control characters, bidirectional marks and overrides, line and paragraph separators, what has no glyph,
 * and bytes that aren't UTF-8. They are shown as \x1b and <U+202E>. */
#ifndef SECMSG_CLIENT_VISIBLE_H
#define SECMSG_CLIENT_VISIBLE_H

#include "base/buf.h"

/* Everything beyond ASCII is written out too from now on: for a terminal that doesn't take UTF-8, which
 * would obey its bytes 0x80-0x9f. */
void visible_want_ascii(bool is_wanted);
bool visible_wants_ascii(void);

/* Text on its way: {.rest = text} at first. */
struct visible_reader {
    struct span rest;
    uint32_t before; /* the last character, if it was harmless */
};

/* What stands for one character. */
struct visible {
    char text[16];  /* the character itself, or ASCII */
    size_t columns; /* that it takes at a terminal, at most */
};

/* Takes the next character; false at the end. LF and TAB are control characters here. */
bool visible_next(struct visible_reader *reader, struct visible *shown);

/* Appends all of a text. */
enum err visible_append(struct buf *out, struct span text) MUST_USE;

/* The same for a value within one line of ours, cut at the end with "..." where it doesn't fit. */
struct visible_value {
    char text[600];
};
struct visible_value visible_value(struct span text);

/* Whether it can be sent as text: UTF-8 without zero bytes. What else is in it is the reader's to show. */
bool visible_is_text(struct span text);

#endif
