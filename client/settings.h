/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.h: what wasn't given on the command line: from SECMSG_* variables, and from the file
 * $XDG_CONFIG_HOME/secmsg/secmsg.conf (~/.config/secmsg/secmsg.conf), in this order. */
#ifndef SECMSG_CLIENT_SETTINGS_H
#define SECMSG_CLIENT_SETTINGS_H

#include "base/buf.h"
#include "options.h"

#define SETTINGS_COUNT 8

struct settings {
    char *values[SETTINGS_COUNT]; /* of the file; NULL for none */
    const char *fault;            /* of the first value that isn't taken; NULL for none */
};

/* Fills what `options` doesn't have, and the defaults. Says what is wrong, with the file and the line:
 * STATUS_CONFIG. The options point into *settings, which settings_free frees in any case. */
enum status settings_fill(struct settings *settings, struct options *options) MUST_USE;
void settings_free(struct settings *settings);

/* The name of the setting number i, or NULL behind the last; *variable, if it isn't NULL, gets that of its
 * variable. */
const char *settings_name(size_t i, const char **variable);

#endif
