/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments.h: a line typed at the prompt, split as a shell would: quotes, backslashes, and ~/ before a word that
 * is a path; nothing else. */
#ifndef SECMSG_CLIENT_ARGUMENTS_H
#define SECMSG_CLIENT_ARGUMENTS_H

#include "base/buf.h"

#define ARGUMENTS_MAX 32

struct arguments {
    int argc;
    char *argv[ARGUMENTS_MAX + 1]; /* point into text; the last is followed by NULL */
    struct buf text;
};

/* home: what an unquoted ~ before a / stands for, or NULL. ERR_INCOMPLETE: a quote isn't closed; ERR_TOO_LARGE: too many; ERR_NO_MEMORY. */
enum err arguments_split(struct arguments *arguments, struct span line, const char *home) MUST_USE;
void arguments_free(struct arguments *arguments);

#endif
