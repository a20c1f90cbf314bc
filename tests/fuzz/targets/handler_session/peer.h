/* SPDX-License-Identifier: GPL-3.0-or-later */
/* peer.h: the other end of a session: what it asks, and what it hears. */
#ifndef SECMSG_TESTS_FUZZ_HANDLER_SESSION_PEER_H
#define SECMSG_TESTS_FUZZ_HANDLER_SESSION_PEER_H

#include <sys/types.h>

#include "base/buf.h"
#include "store/store.h"
#include "wire/frame.h"

#define QUESTIONS 48

/* What a peer asked, as far as the model needs it. */
enum kind {
    ASKED_OTHER,
    ASKED_REGISTER,
    ASKED_LOGIN,
    ASKED_COMPOSE,
    ASKED_READ,
    ASKED_ACK,
    ASKED_LIST,
    ASKED_PASSWD,
    ASKED_DELETE,
    ASKED_EXIT,
    ASKED_JUNK
};

struct question {
    enum kind kind;
    unsigned user;    /* who is to be: REGISTER, LOGIN */
    unsigned message; /* COMPOSE; ACK: the first */
    unsigned count;   /* ACK */
    uint32_t secret;  /* the number of the password */
};

/* A peer and its connection. */
struct peer {
    struct frame_end sending, receiving;
    int to; /* pipe into the handler; -1 once closed */
    int from;
    off_t read_to;
    bool has_greeted, is_over;
    struct question questions[QUESTIONS];
    unsigned asked, answered;
    unsigned user, version; /* who it is; USERS for nobody */
    unsigned after;         /* READ: the order of the last one given */
    unsigned refusals;
};

/* The input: what all peers do, in its order. Who does something takes it off the front. */
extern struct span peer_program;

/* What the server draws is known by its number, so the peer needn't wait for its answer to have the keys. */
void peer_greet(struct peer *p, const struct store *store, uint64_t draw);

void peer_ask(struct peer *p, enum kind kind);

/* Everything that the handler has sent until now, held against the model. */
void peer_hear(struct peer *p);

void peer_close_input(struct peer *p);

#endif
