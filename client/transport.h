/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transport.h: two descriptors to a server: a TCP connection, or a command's stdin and stdout. */
#ifndef SECMSG_CLIENT_TRANSPORT_H
#define SECMSG_CLIENT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "remarks.h"
#include "status.h"

struct transport {
    int in;
    int out;                /* may equal in */
    pid_t pid;              /* of the command, 0 for TCP */
    struct remarks remarks; /* of the command */
};

#define TRANSPORT_INIT ((struct transport){.in = -1, .out = -1, .pid = 0, .remarks = REMARKS_INIT})

/* Tries all addresses of the host. Says why it can't. */
enum status transport_dial(struct transport *t, const struct address *address,
                           uint64_t deadline_ms) MUST_USE;

/* Starts `/bin/sh -c command`; its stderr goes to the remarks, and SIGINT is ignored in it, so that Ctrl-C
 * at the prompt doesn't end it. Says why it can't. */
enum status transport_start(struct transport *t, const char *command) MUST_USE;

/* Closes, and waits for the command: after 2 seconds it is sent SIGTERM, after 4 SIGKILL. If `failed`
 * by no wish of the user, shows its remarks. Returns how the command ended, as waitpid does, or 0. */
int transport_close(struct transport *t, bool failed);

/* Breaks the open connection off, so that whatever waits for it ends. For signal handlers. */
void transport_break(void);

/* Whether that was done since transport_forget_break: then no new connection is wanted. */
bool transport_was_broken(void);
void transport_forget_break(void);

#endif
