/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.h: a message written at the prompt. */
#ifndef SECMSG_CLIENT_COMPOSE_H
#define SECMSG_CLIENT_COMPOSE_H

#include "session.h"

/* Asks for the recipient (unless one is given) and the text, and sends it. */
enum status compose_message(struct session *s, const char *recipient) MUST_USE;

/* Asks for a name at the prompt; *line owns it. Says why there is none. */
enum status compose_ask_name(const char *question, struct buf *line, const char **name) MUST_USE;

#endif
