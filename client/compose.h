/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.h: a message written at the prompt. */
#ifndef SECMSG_CLIENT_COMPOSE_H
#define SECMSG_CLIENT_COMPOSE_H

#include "session.h"

/* The word `compose`: asks for the recipient (unless one is given) and the text, and sends it (post.h). */
enum status compose_main(struct session *s, int argc, char *argv[]) MUST_USE;

/* The word `edit`: the same in the user's editor. */
enum status compose_edit_main(struct session *s, int argc, char *argv[]) MUST_USE;

/* After a compose that was refused: the lines of its text, up to the lone dot, are never run as words. */
void compose_skip_text(void);

/* Asks for a name at the prompt; *line owns it. Says why there is none. */
enum status compose_ask_name(const char *question, struct buf *line, const char **name) MUST_USE;

#endif
