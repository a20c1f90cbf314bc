/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quarantine.h: messages that failed their checks, kept byte for byte, each with a file that says why. */
#ifndef SECMSG_CLIENT_QUARANTINE_H
#define SECMSG_CLIENT_QUARANTINE_H

#include "received.h"

/* Keeps it as quarantine/<id>-<16 hex digits of its hash>.message and .reason, durably; the same message
 * again changes nothing. path (PATH_MAX) gets the message's path. Says what is wrong. */
enum status quarantine_keep(struct session *s, const struct received *received, const char *reason,
                            char *path) MUST_USE;

#endif
