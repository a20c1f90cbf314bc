/* SPDX-License-Identifier: GPL-3.0-or-later */
/* program.h: the program of `watch --exec`, which is handed a message. */
#ifndef SECMSG_CLIENT_PROGRAM_H
#define SECMSG_CLIENT_PROGRAM_H

#include <stdbool.h>

#include "base/buf.h"
#include "status.h"

struct program_message {
    const char *sender;
    bool
        is_signed; /* else anybody at the server can have written it: its sender has a variable of its own */
    const char *id;
    const char *type;
    const char *name; /* of a file; "" for none */
    uint64_t time;
    struct span data;
};

/* Runs `/bin/sh -c command` with the data as its stdin and the rest in its environment, and waits for its end. It
 * has no descriptor of ours but stdout and stderr. STATUS_OK if it exits 0; else says how it ended:
 * STATUS_TEMPORARY, or STATUS_OS if it couldn't be started. */
enum status program_run(const char *command, const struct program_message *message) MUST_USE;

#endif
