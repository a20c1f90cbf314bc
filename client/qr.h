/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qr.h: text as a QR code (ISO 18004) of characters. */
#ifndef SECMSG_CLIENT_QR_H
#define SECMSG_CLIENT_QR_H

#include <stdbool.h>

#include "base/buf.h"

/* Of rows; the largest code has 177 modules a side. */
#define QR_MAX ((size_t)256 << 10)

/* Appends the rows, each with LF, and tells how wide they are. Light modules are what is drawn, for a terminal is
 * dark as a rule: by half blocks, two rows of modules in one; or in ASCII by two # for each. ERR_TOO_LARGE,
 * ERR_NO_MEMORY. */
enum err qr_append(struct buf *rows, const char *text, bool is_ascii, size_t *columns) MUST_USE;

#endif
