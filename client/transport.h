/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transport.h: two descriptors to a server: a TCP connection, or a command's stdin and stdout. */
#ifndef SECMSG_CLIENT_TRANSPORT_H
#define SECMSG_CLIENT_TRANSPORT_H

#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "status.h"

struct transport {
    int in;
    int out;   /* may equal in */
    pid_t pid; /* of the command, 0 for TCP */
};

#define TRANSPORT_INIT ((struct transport){.in = -1, .out = -1, .pid = 0})

/* Tries all addresses of the host. Says why it can't. */
enum status transport_dial(struct transport *t, const struct address *address,
                           uint64_t deadline_ms);

/* Starts `/bin/sh -c command`; its stderr is ours, and SIGINT is ignored in it, so that Ctrl-C at the
 * prompt doesn't end it. Says why it can't. */
enum status transport_start(struct transport *t, const char *command);

/* Closes, and waits for the command: after 2 seconds it is sent SIGTERM, after 4 SIGKILL. Returns how the
 * command ended, as waitpid does, or 0. */
int transport_close(struct transport *t);

/* Breaks the open connection off, so that whatever waits for it ends. For signal handlers. */
void transport_break(void);

#endif
