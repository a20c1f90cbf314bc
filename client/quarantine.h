/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.h: messages that failed their checks, kept byte for byte, each with a file that says why. */
#ifndef SECMSG_CLIENT_QUARANTINE_H
#define SECMSG_CLIENT_QUARANTINE_H

#include "received.h"

/* What an account's quarantine holds at most: a server could send bad messages for ever. */
#define QUARANTINE_FILES 10000
#define QUARANTINE_BYTES (64 << 20)

/* Keeps it as quarantine/<id>-<16 hex digits of its hash>.message and .reason, durably; the same message
 * again changes nothing. path (PATH_MAX) gets the message's path. Says what is wrong; STATUS_CANT_CREATE:
 * the quarantine is full. */
enum status quarantine_keep(struct session *s, const struct received *received, const char *reason,
                            char *path) MUST_USE;

#endif
