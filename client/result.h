/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.h: what a word that changes something came to: for people, and for --json. */
#ifndef SECMSG_CLIENT_RESULT_H
#define SECMSG_CLIENT_RESULT_H

#include "outbox.h"
#include "session.h"

/* With --json {"user", "identity", "result"}: `what` was done with the session's account. */
enum status result_print_account(const struct session *s, const char *what) MUST_USE;

/* {"to", "id", "result", "status"}: sent, waiting, unknown or refused, and its exit status. It is out when this
 * returns. */
void result_print(const char *to, const char *id, enum status status);

/* The same for each that waits, from the one behind the first `done` of these numbers (outbox_list) on. */
void result_print_waiting(const struct outbox *outbox, const struct buf *numbers, size_t done,
                          enum status status);

/* Says that it stays in the outbox. is_mine: it is what was asked for; is_over: so does all that follows. */
void result_say_waiting(const struct outbox_item *item, bool is_mine, bool is_over);

/* Says that it is too large to be ever sent, and how to give it up. */
void result_say_stuck(const struct outbox_item *item);

/* Says how many messages wait for a server that is away. */
void result_say_away(size_t count);

/* Says how many messages the outbox of the session holds, whose keys are open; nothing if it is empty. */
void result_say_outbox(const struct session *s);

#endif
