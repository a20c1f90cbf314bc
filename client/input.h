/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.h: lines for the prompt: with editing, history and completion at a terminal, else as they come. */
#ifndef SECMSG_CLIENT_INPUT_H
#define SECMSG_CLIENT_INPUT_H

#include <stdbool.h>

#include "base/buf.h"

/* Takes over SIGINT: at the prompt Ctrl-C drops the line, elsewhere it breaks the connection off. `words`
 * are completed at the start of a line; NULL ends them. */
void input_open(const char *const words[]);

/* Drops what was typed or pasted ahead. */
void input_forget_ahead(void);

/* Puts the terminal right. */
void input_close(void);

/* Whether a person types. */
bool input_is_terminal(void);

enum input_kind {
    INPUT_COMMAND, /* remembered for the arrow keys, words are completed */
    INPUT_TEXT,    /* not remembered */
    INPUT_MESSAGE, /* the same; Ctrl-D behind some text is the line's end, and the message's */
};

/* Reads a line into *line (without LF), up to its limit. `prompt` is shown at a terminal only.
 * ERR_CLOSED: the end (Ctrl-D); ERR_DENIED: Ctrl-C; ERR_TOO_LARGE: the line was read and dropped;
 * ERR_MALFORMED: it has a zero byte, and was dropped. */
enum err input_read_line(const char *prompt, enum input_kind kind, struct buf *line) MUST_USE;

#endif
