/* SPDX-License-Identifier: GPL-3.0-or-later */
/* colour.h: emphasis at terminals that can show it. Nothing is told by colour alone. */
#ifndef SECMSG_CLIENT_COLOUR_H
#define SECMSG_CLIENT_COLOUR_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether fd is a terminal that can (TERM), and nobody asked for none (NO_COLOR). */
bool colour_is_wanted(int fd);

/* Appends the rows of a message's head: who it is from, or to, bold, and warnings red. */
enum err colour_append_head(struct buf *out, struct span rows) MUST_USE;

#endif
