/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guests.h: invitations to any name, in a workload and in its audit: a few, numbered, and the few names that come by
 * each. In the books (books.h) an invitation is `+ N invite invitation.NUMBER`, a guest a `register` like others. */
#ifndef SECMSG_TESTS_CRASH_GUESTS_H
#define SECMSG_TESTS_CRASH_GUESTS_H

#include "tests/crash/books.h"

#define GUESTS_INVITATIONS 3
#define GUESTS_USES        2
#define GUESTS_NAMES       5 /* who try to come by one */

struct guests_text {
    char text[FIELD_USER_SIZE];
};

struct guests_text guests_invitation(unsigned number); /* its name in the books, and its token */
struct guests_text guests_name(unsigned number, unsigned guest);

/* ERR_OK also if it is there already. */
enum err guests_invite(struct store *store, unsigned number);

/* Complains of one that was acknowledged and isn't there, or is and shouldn't be (missing, ghost), and of accounts
 * without uses or beyond them (guests). */
void guests_audit(struct books *books, struct store *store);

#endif
