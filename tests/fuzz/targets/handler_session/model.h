/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model.h: who is registered, and which message waits where, as far as answers have told. */
#ifndef SECMSG_TESTS_FUZZ_HANDLER_SESSION_MODEL_H
#define SECMSG_TESTS_FUZZ_HANDLER_SESSION_MODEL_H

#include "tests/fuzz/targets/handler_session/mail.h"
#include "tests/fuzz/targets/handler_session/peer.h"
#include "wire/answer.h"

#define QUOTA 8 /* of each mailbox, messages */

struct user_state {
    bool is_registered, was_deleted;
    uint32_t secret;  /* the number of the password */
    unsigned version; /* of the account: sessions of before have ended */
};

extern struct user_state model_users[USERS];

/* Nobody is registered, nothing was sent. */
void model_begin(void);

/* The answer to a question is what it must be, and changes the model. */
void model_learn(struct peer *p, const struct question *q, const struct answer *a);

/* So long has passed that ids may be forgotten. */
void model_age(void);

unsigned model_count_waiting(unsigned user);

#endif
