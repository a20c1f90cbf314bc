/* SPDX-License-Identifier: GPL-3.0-or-later */
/* terminal.h: what is asked of a person at a terminal, without showing it. */
#ifndef SECMSG_CLIENT_TERMINAL_H
#define SECMSG_CLIENT_TERMINAL_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether somebody can be asked: stdin is a terminal, and /dev/tty can be opened. */
bool terminal_can_ask(void);

/* Shows the question on /dev/tty, and appends the line that is typed, without its LF and without echo.
 * The terminal is as before on every way out, signals included. ERR_DENIED: interrupted; ERR_CLOSED:
 * Ctrl-D; ERR_TOO_LARGE: longer than the buffer's limit; ERR_IO. */
enum err terminal_ask_secret(const char *question, struct buf *secret) MUST_USE;

/* The same for what is no secret: with echo. */
enum err terminal_ask(const char *question, struct buf *line) MUST_USE;

#endif
