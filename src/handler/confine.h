/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confine.h: what the handler gives up before it reads the first byte. */
#ifndef SECMSG_HANDLER_CONFINE_H
#define SECMSG_HANDLER_CONFINE_H

#include "handler/settings.h"

/* No new privileges, no core file, no tracing by other processes of the same user, no child; of all files only those of
 * the store (landlock.h); of all system calls only those that serving takes, and another one ends the process
 * (confine_filter). What this kernel can't do is logged, and is an error only if the settings require it.
 * ERR_UNSUPPORTED, ERR_IO: logged. */
enum err confine_self(const struct settings *settings) MUST_USE;

/* The last part of it: the system calls. ERR_UNSUPPORTED, ERR_IO. */
enum err confine_filter(void) MUST_USE;

#endif
