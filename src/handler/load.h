/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.h: what is refused while there are many connections, or the machine has much to do: new accounts first, then
 * new messages; reading never. */
#ifndef SECMSG_HANDLER_LOAD_H
#define SECMSG_HANDLER_LOAD_H

#include "handler/session.h"

enum load_use { LOAD_REGISTER, LOAD_COMPOSE };

/* CODE_NONE, or CODE_BUSY with how long to wait. By the share of max-connections that is taken, and by max-load. */
enum code load_check(struct session *s, enum load_use use, struct reply *reply) MUST_USE;

#endif
