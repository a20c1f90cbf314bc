/* SPDX-License-Identifier: GPL-3.0-or-later */
/* finish.h: work that must finish isn't ended by a hang-up (rule 13). */
#ifndef SECMSG_STORE_GDBM_FINISH_H
#define SECMSG_STORE_GDBM_FINISH_H

#include <signal.h>

/* Puts off HUP, TERM and PIPE, until finish_end restores what was before. */
void finish_begin(sigset_t *before);
void finish_end(const sigset_t *before);

#endif
