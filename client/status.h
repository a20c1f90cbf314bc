/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.h: how secmsg ends: sysexits.h, and five statuses of its own. The manual page lists them. */
#ifndef SECMSG_CLIENT_STATUS_H
#define SECMSG_CLIENT_STATUS_H

#include <sysexits.h>

#include "base/error.h"
#include "wire/answer.h"

enum status {
    STATUS_OK = 0,
    STATUS_USAGE = EX_USAGE,             /* the command line, or a line at the prompt */
    STATUS_DATA = EX_DATAERR,            /* what should be sent can't be: empty, too large */
    STATUS_NO_INPUT = EX_NOINPUT,        /* a file that can't be read */
    STATUS_NO_USER = EX_NOUSER,          /* no such user, or one without keys */
    STATUS_NO_HOST = EX_NOHOST,          /* no such host */
    STATUS_UNAVAILABLE = EX_UNAVAILABLE, /* nobody answers there */
    STATUS_SOFTWARE = EX_SOFTWARE,       /* a fault of the server or of this program */
    STATUS_OS = EX_OSERR,                /* the system refused: memory, processes */
    STATUS_CANT_CREATE = EX_CANTCREAT,   /* a file can't be made; a name is taken */
    STATUS_IO = EX_IOERR,                /* reading or writing failed */
    STATUS_TEMPORARY = EX_TEMPFAIL,      /* try again later */
    STATUS_PROTOCOL = EX_PROTOCOL,       /* the other end doesn't keep to the protocol */
    STATUS_NO_PERMISSION = EX_NOPERM,    /* not logged in, wrong password, registration closed */
    STATUS_CONFIG = EX_CONFIG,           /* the client's own directory is unfit or damaged */
    STATUS_CHANGED = 80,                 /* a host key or an identity isn't the pinned one */
    STATUS_FAILED_CHECK = 81,            /* a message failed its checks and was kept aside */
    STATUS_UNKNOWN = 82,                 /* sent, but no answer came: it may or may not be there */
    STATUS_PARTIAL = 83,                 /* sent to some of the recipients */
    STATUS_WAITING = 84,                 /* the server is away; the message waits in the outbox */
};

/* The status for an error of plumbing that has no better one. */
enum status status_of_err(enum err err);

/* The status for an answer `ERR <code>`. */
enum status status_of_code(enum code code);

#endif
