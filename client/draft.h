/* SPDX-License-Identifier: GPL-3.0-or-later */
/* draft.h: a text that was written and isn't known to have been sent, one for each recipient: the file
 * `draft-<recipient>` of the account's directory. It is sealed for the user's own identity.
 *
 *     <bytes of the sealed text> <id, or ->\n
 *     the text, as an envelope from the user to themselves
 *     the envelope that was sent under that id, if it isn't known whether it arrived */
#ifndef SECMSG_CLIENT_DRAFT_H
#define SECMSG_CLIENT_DRAFT_H

#include "deliver.h"

struct draft {
    int dir; /* its own: the session may forget its account meanwhile */
    char to[FIELD_USER_SIZE];
    struct buf text; /* in the clear; empty if none is kept */
    uint64_t time;   /* when it was written */
    struct buf own;  /* the text sealed */
    struct sealed sent;
};

/* Reads what is kept for a recipient, if anything is. The session is logged in. ERR_DAMAGED, ERR_IO. */
enum err draft_open(struct draft *draft, const struct session *s, const char *to) MUST_USE;
void draft_close(struct draft *draft);

/* Seals and keeps a text in place of what was kept. */
enum err draft_keep(struct draft *draft, const struct session *s, struct span text) MUST_USE;

/* Writes draft->sent beside the text. */
enum err draft_note_sent(struct draft *draft) MUST_USE;

/* Fine if nothing is kept. */
enum err draft_remove(struct draft *draft) MUST_USE;

#endif
