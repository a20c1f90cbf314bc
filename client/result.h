/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.h: what became of a message that was to be sent: for people, and for --json. */
#ifndef SECMSG_CLIENT_RESULT_H
#define SECMSG_CLIENT_RESULT_H

#include "outbox.h"
#include "status.h"

/* {"to", "id", "result", "status"}: sent, waiting, unknown or refused, and its exit status. */
void result_print(const char *to, const char *id, enum status status);

/* Says that it stays in the outbox. is_mine: it is what was asked for; is_over: so does all that follows. */
void result_say_waiting(const struct outbox_item *item, bool is_mine, bool is_over);

/* Says how many messages wait for a server that is away. */
void result_say_away(size_t count);

#endif
