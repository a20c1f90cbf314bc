/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scratch.h: where a text lies unsealed while an editor has it: `text-<8 digits>/<recipient>.txt` in the account's
 * directory, with whatever the editor puts beside it. The directory is locked (flock) as long as this program or
 * the editor lives, which inherits the lock: one that isn't was left by a crash. */
#ifndef SECMSG_CLIENT_SCRATCH_H
#define SECMSG_CLIENT_SCRATCH_H

#include "draft.h"

struct scratch {
    int account; /* the session's */
    int dir;     /* has the lock; -1 if there is none */
    char name[sizeof("text-01234567")];
    char to[FIELD_USER_SIZE];
};

/* Makes a directory with the text. ERR_BUSY, ERR_IO and errno, ...; nothing is left then. */
enum err scratch_make(struct scratch *scratch, const struct session *s, const char *to,
                      struct span text) MUST_USE;

/* Where the text lies: in a path of the account's. */
#define SCRATCH_FILE_SIZE (sizeof("text-01234567/.txt") + FIELD_USER_SIZE)
void scratch_file(const struct scratch *scratch, char path[static SCRATCH_FILE_SIZE]);

/* Makes what is there now a draft to its recipient, removes the directory, and puts the text into *text, of
 * DRAFT_MAX. What can't be kept as a draft stays where it is, and that is said. */
enum status scratch_take(struct scratch *scratch, const struct session *s,
                         struct buf *text) MUST_USE;

/* Makes a draft of each text that a crash has left, and says so. The keys are open. */
void scratch_recover(const struct session *s);

/* Removes what a crash has left, and says so. */
enum err scratch_remove_left(const struct session *s) MUST_USE;

#endif
