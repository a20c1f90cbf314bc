/* SPDX-License-Identifier: GPL-3.0-or-later */
/* received.h: a message as the server hands it out, and its acknowledgement. */
#ifndef SECMSG_CLIENT_RECEIVED_H
#define SECMSG_CLIENT_RECEIVED_H

#include "session.h"

struct received {
    char id[FIELD_ID_SIZE];
    char sender[FIELD_USER_SIZE];
    uint64_t time_stored;
    bool is_signed; /* says the server */
    uint64_t left;  /* unread messages after it */
    struct buf body;
};

void received_free(struct received *received);

/* Asks READ. *is_empty: there is none. Says what is wrong. */
enum status received_next(struct session *s, struct received *received, bool *is_empty) MUST_USE;

/* Asks WAIT: *count messages are there that this session wasn't given; 0 when the time is up. */
enum status received_wait(struct session *s, uint64_t seconds, uint64_t *count) MUST_USE;

/* Asks ACK: the server removes it. */
enum status received_acknowledge(struct session *s, const struct received *received) MUST_USE;

#endif
