/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prompt.h: secmsg without a word: a dialogue, or lines from a pipe. */
#ifndef SECMSG_CLIENT_PROMPT_H
#define SECMSG_CLIENT_PROMPT_H

#include "session.h"

/* Runs until `exit` or the end of input. At a terminal STATUS_OK then, from a pipe the status of the last
 * line that failed; else why there is no server to talk to. */
enum status prompt_run(struct session *s) MUST_USE;

#endif
