/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show.h: a message on stdout. What others wrote is indented, so that none of it looks like a header. */
#ifndef SECMSG_CLIENT_SHOW_H
#define SECMSG_CLIENT_SHOW_H

#include "inspect.h"

/* What a message shows of itself, GOOD or UNSIGNED alike. */
struct shown {
    const struct received *received;
    const struct inspected *inspected;
    uint64_t first_login; /* of this client; 0 if unknown */
    const char *saved_as; /* the path, if the data went into a file, else NULL */
    bool is_sent;         /* received->sender is who it was sent to */
    bool is_archived;     /* it is shown once more */
    bool is_withheld;     /* only its head is shown, and how to save the rest; not with is_json */
    bool is_json;         /* as one line */
};

/* The message's data: its content's, or the unsigned text. */
struct span show_data(const struct received *received, const struct inspected *inspected);

/* Whether the data can be shown as text; else it can only be saved. */
bool show_is_text(const struct inspected *inspected);

/* Returns when stdout has taken all of it: ERR_IO and errno if it didn't. */
enum err show_message(const struct shown *shown) MUST_USE;

/* Writes the data as it is. */
enum err show_raw(struct span data) MUST_USE;

#endif
