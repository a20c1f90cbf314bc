/* SPDX-License-Identifier: GPL-3.0-or-later */
/* complete.h: what TAB offers behind a word at the prompt. */
#ifndef SECMSG_CLIENT_COMPLETE_H
#define SECMSG_CLIENT_COMPLETE_H

#include "words.h"

/* Appends names, each with LF: the word's options, and by its usage (USER, ID) the users whose identity is pinned
 * or who are in the archive, and the ids there. Without open keys only what needs none; asks nobody. */
void complete_arguments(const struct session *s, const struct word *word, struct buf *names);

#endif
