/* SPDX-License-Identifier: GPL-3.0-or-later */
/* roles.h: what the sessions of a load do.
 *
 * There are as many senders as readers. Each sender has ROUTES_EACH routes, to its neighbours among the readers,
 * so that each reader has as many, and they are numbered together: r * ROUTES_EACH and following. */
#ifndef SECMSG_TESTS_LOAD_ROLES_H
#define SECMSG_TESTS_LOAD_ROLES_H

#include "tests/load/session.h"

#define ROUTES_EACH 4

/* Logged in and silent, as a prompt at which nobody types. */
extern const struct role role_idle;

/* WAIT again and again, on a mailbox to which nothing comes. */
extern const struct role role_wait;

/* COMPOSE, up to four in flight, some of them twice. What wasn't answered is repeated. */
struct letter {
    char id[FIELD_ID_SIZE];
    const char *recipient;
    struct buf envelope;
};

struct sender {
    const struct session *readers;
    size_t self, count; /* of as many senders */
    uint64_t pause_ms;  /* between two bursts, about */
    struct letter letters[ROUTES_EACH];
    size_t written, answered;
    size_t turn;     /* whose it is among its routes */
    unsigned passes; /* how often this burst is still to be sent */
};
extern const struct role role_send;
void sender_free(struct sender *sender);

/* WAIT, READ, ACK. */
struct reader {
    size_t first; /* of its routes */
    char given[8][FIELD_ID_SIZE];
    size_t pending, batch; /* given and not acknowledged, and how many are acknowledged together */
    bool is_waiting;       /* there was nothing more */
};
extern const struct role role_read;

#endif
