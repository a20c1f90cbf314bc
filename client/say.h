/* SPDX-License-Identifier: GPL-3.0-or-later */
/* say.h: what people are told, on stderr: what happened, and what to do next. */
#ifndef SECMSG_CLIENT_SAY_H
#define SECMSG_CLIENT_SAY_H

#include <stdbool.h>

#include "status.h"

/* Whether lines begin with "secmsg: " (they do until told otherwise; at the prompt they don't). */
void say_prefix(bool is_wanted);

/* Writes one line. Values that came from outside go through visible_value first. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is said from now on is kept back, until say_release shows it or drops it. */
void say_hold(void);
void say_release(bool is_wanted);

/* What people type before a word: "secmsg ", or nothing at the prompt. */
const char *say_command(void);

/* Says that something local failed, with the error's text and errno's if it is ERR_IO, and returns the
 * status for it. */
enum status say_failure(enum err err, const char *what);

/* Says why the server refused, and what to do about that; returns the status for it. */
enum status say_refusal(const struct answer *answer);

/* Says that the server's answer isn't what the protocol allows there. */
enum status say_nonsense(const char *verb);

#endif
