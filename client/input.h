/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.h: lines for the prompt: with editing, history and completion at a terminal, else as they come. */
#ifndef SECMSG_CLIENT_INPUT_H
#define SECMSG_CLIENT_INPUT_H

#include <stdbool.h>

#include "base/buf.h"

/* What the dialogue does while a command's line is typed. */
struct input_helper {
    /* Appends what can stand where TAB was pressed, each with LF: behind `word`, the line's first, or as the
     * first word itself (NULL). */
    void (*complete)(void *context, const char *word, struct buf *names);
    /* Called now and then. It calls input_make_room before it prints. */
    void (*look)(void *context);
    void *context;
};

/* Takes over SIGINT: at the prompt Ctrl-C drops the line, elsewhere it breaks the connection off. */
void input_open(const struct input_helper *helper);

/* Takes the line that is being typed off the terminal; it is shown again when the look is over. */
void input_make_room(void);

/* While a text is nowhere but here: signals that would end the program are noted, and Ctrl-C breaks nothing off, until
 * input_let_go, which ends the program by what was noted. */
void input_hold(void);
void input_let_go(void);

/* Whether the terminal hung up, or such a signal was noted. */
bool input_is_told_to_end(void);

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
 * ERR_MALFORMED: it has a zero byte, and was dropped; ERR_STOPPED, of INPUT_MESSAGE alone: the terminal hung up,
 * or the program is told to end; what was typed of the line is in *line. */
enum err input_read_line(const char *prompt, enum input_kind kind, struct buf *line) MUST_USE;

#endif
