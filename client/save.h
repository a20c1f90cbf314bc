/* SPDX-License-Identifier: GPL-3.0-or-later */
/* save.h: what a message holds, into a file of its own. */
#ifndef SECMSG_CLIENT_SAVE_H
#define SECMSG_CLIENT_SAVE_H

#include <limits.h>

#include <stdbool.h>

#include "status.h"

/* Where to, and what: `output` is a directory (then `name`, or where that is "" or can't be had `id`, is the
 * file's name in it; with a number where that is taken, and cut where it is too long for one) or a path where
 * nothing is yet. */
struct saving {
    const char *output;
    const char *name;
    const char *id;
    struct span data;
    bool is_archived; /* it is no message that stays on the server if this fails */
};

/* Writes the file, durably, and its path. Nothing is overwritten; no name from outside leads out of the
 * directory or hides. Says what is wrong: STATUS_CANT_CREATE, and no file is left; *goes_on: another message
 * may still be saved there. */
enum status save_data(const struct saving *saving, char path[static PATH_MAX],
                      bool *goes_on) MUST_USE;

/* For a word that makes something: writes it to stdout if `output` is NULL, else saves it and says where. Says what is
 * wrong, with `what` it is. */
enum status save_or_print(const struct saving *saving, const char *what) MUST_USE;

/* Removes the file again, when what should have followed its saving failed. */
void save_undo(const char *path);

#endif
