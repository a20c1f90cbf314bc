/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals that end a process wait until the work is done; they aren't lost. */
#include "store/gdbm/finish.h"

#include <stddef.h>

#include "base/banned.h"

void finish_begin(sigset_t *before)
{
    sigset_t put_off;
    sigemptyset(&put_off);
    sigaddset(&put_off, SIGHUP);
    sigaddset(&put_off, SIGTERM);
    sigaddset(&put_off, SIGPIPE);
    sigprocmask(SIG_BLOCK, &put_off, before);
}

void finish_end(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}
