/* SPDX-License-Identifier: GPL-3.0-or-later */
/* peer.h: the other end of a measured connection. It keeps its own work out of the figures: the clock runs
 * only from when the server is started, or given a line, to when the peer has its answer. */
#ifndef SECMSG_TESTS_BENCH_PEER_H
#define SECMSG_TESTS_BENCH_PEER_H

#include <sys/types.h>

#include "crypto/identity.h"
#include "crypto/vault.h"
#include "wire/answer.h"
#include "wire/hello.h"

/* Anything that goes wrong makes a measurement worthless: told, and the program ends. */
void peer_require(bool is_good, const char *what);

/* Two users with the same keys, since making keys takes seconds. */
struct peer {
    struct vault vault;
    struct identity sender, recipient;
    struct buf sender_text, recipient_text; /* their identities */
    struct buf token;                       /* the vault's */
};

void peer_make(struct peer *peer);
void peer_free(struct peer *peer);

/* What is started for a connection. A bare one is given lines of the same length and work, and answers
 * something. */
struct server {
    char *const *argv;
    int log; /* its stderr */
    bool is_bare;
};

enum phase { PHASE_START, PHASE_LOGIN, PHASE_MESSAGE, PHASE_END, PHASE_COUNT };

struct connection {
    const struct server *server;
    int fd;
    pid_t pid;
    struct hello_keys keys;
    double ms[PHASE_COUNT];
    double
        cpu_ms; /* what the process used in all: less disturbed by a busy machine, blind to the disk */
};

/* Starts the server, with its stdin and stdout one socket, and shakes hands. */
void peer_connect(struct connection *c, const struct server *server);

/* Makes the account of one of the peer's users. */
void peer_register(struct connection *c, const struct peer *peer, const struct identity *user);

/* Logs the sender in by PROVE. */
void peer_prove(struct connection *c, const struct peer *peer);

/* Sends a message with n bytes of data to the recipient. */
void peer_compose(struct connection *c, const struct peer *peer, size_t n);

/* Says EXIT and waits for the process's end. */
void peer_leave(struct connection *c);

double peer_clock_ms(void);

#endif
