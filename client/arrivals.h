/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arrivals.h: what happens at the prompt while nobody presses Enter: messages come, the connection is lost and
 * mended. */
#ifndef SECMSG_CLIENT_ARRIVALS_H
#define SECMSG_CLIENT_ARRIVALS_H

#include "session.h"

struct arrivals {
    struct session *session;
    char user[FIELD_USER_SIZE]; /* of whom the rest is known; "" for nobody */
    uint64_t told;              /* unread messages that the user knows of, and didn't read */
    bool is_lost;               /* the connection, and that was said */
    uint64_t next_try;          /* to connect */
    uint64_t pause_ms;
};

/* Looks once, for a few seconds at most. As long as nothing older is unread, what came is shown as by `read`; else
 * it is only told of. Makes room at the terminal (input.h) before anything is said. */
void arrivals_look(void *arrivals);

#endif
