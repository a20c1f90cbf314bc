/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail.h: who takes part, and all messages that they have for each other. */
#ifndef SECMSG_TESTS_FUZZ_HANDLER_SESSION_MAIL_H
#define SECMSG_TESTS_FUZZ_HANDLER_SESSION_MAIL_H

#include "crypto/field.h"
#include "tests/fuzz/people.h"

#define USERS    2
#define EACH     6 /* messages that each has for each */
#define MESSAGES (USERS * USERS * EACH)

extern struct person *const mail_people[USERS];
extern struct buf mail_envelopes[MESSAGES];
extern char mail_ids[MESSAGES][FIELD_ID_SIZE];
extern struct buf mail_vault; /* that every account has */

/* Once: takes the time of as many signatures. */
void mail_seal(void);

unsigned mail_recipient(unsigned message);
unsigned mail_sender(unsigned message);

#endif
