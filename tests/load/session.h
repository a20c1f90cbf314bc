/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: one of many connections of one process: it never blocks, and whenever it is lost it comes back.
 *
 * The caller polls. A role (role.h) says what a session asks for, and hears each answer. */
#ifndef SECMSG_TESTS_LOAD_SESSION_H
#define SECMSG_TESTS_LOAD_SESSION_H

#include <poll.h>

#include "crypto/vault.h"
#include "wire/answer.h"
#include "wire/command.h"
#include "wire/hello.h"

#define SESSION_ASKED_MAX 32 /* commands in flight */

/* An account of its own for each session; the keys are the same for all, since making keys takes seconds. */
struct person {
    char name[FIELD_USER_SIZE];
    char secret[STRETCH_SECRET_SIZE];
    struct identity identity;
    struct buf text; /* the identity's */
    bool is_registered;
};

enum stage { STAGE_AWAY, STAGE_CONNECTING, STAGE_HELLO, STAGE_LOGIN, STAGE_SERVED, STAGE_GONE };

/* A command in flight. */
struct asked {
    enum verb verb;
    uint64_t due; /* when its answer may be expected: at once, but for WAIT */
};

struct books;
struct session;

/* What a session does when it is logged in, when an answer comes, and when its `due` is over. Each may ask. */
struct role {
    const char *name;
    void (*begin)(struct session *s);
    void (*hear)(struct session *s, enum verb verb, const struct answer *answer);
    void (*tick)(struct session *s, uint64_t now);
};

/* Of all sessions. */
struct world {
    struct books *books;
    const struct vault *vault;
    struct buf token; /* the vault's */
    uint16_t port;
    uint32_t addresses; /* they come from 127.0.0.1 to 127.0.0.<addresses> */
    bool is_sending;    /* new messages are written: all are there, and it isn't over */
    bool is_leaving;    /* nothing is asked any more */
    uint8_t host_key[HOST_KEY_LEN];
    bool has_host_key;
    uint64_t logins, losses, refusals, commands; /* counted */
};

struct session {
    struct world *world;
    const struct role *role;
    struct person person;
    size_t number;
    bool is_kept; /* its handler is never killed */
    enum stage stage;
    uint64_t due; /* CLOCK_NEVER, or when tick is called; in STAGE_AWAY: when it connects */
    int fd;
    struct hello_client hello;
    struct hello_keys keys;
    struct buf in, out;
    struct asked asked[SESSION_ASKED_MAX];
    size_t asked_first, asked_count;
    uint64_t done; /* commands of its role's kind that were answered, over all connections */
    void *own;     /* the role's */
};

/* What the process waits for on its behalf; fd -1 if for nothing. */
struct pollfd session_poll(const struct session *s);

/* After poll: takes in and gives out what is possible. */
void session_move(struct session *s, short revents, uint64_t now);

/* When something is to be done without any event: at that time call session_move with no events. */
uint64_t session_due(const struct session *s);

/* Sends a command. `plain` is head and body; it is freed. For WAIT, `seconds` that it may last. */
void session_ask(struct session *s, enum verb verb, struct buf *plain, uint64_t seconds);

/* Leaves: EXIT, and STAGE_GONE once that is answered. */
void session_leave(struct session *s);

/* At the very end. */
void session_free(struct session *s);

#endif
