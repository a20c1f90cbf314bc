/* SPDX-License-Identifier: GPL-3.0-or-later */
/* people.h: alice and bob of tests/vectors/secmsg-1.json, with the private keys that the targets need. */
#ifndef SECMSG_TESTS_FUZZ_PEOPLE_H
#define SECMSG_TESTS_FUZZ_PEOPLE_H

#include "crypto/identity.h"

struct person {
    struct buf text; /* of the identity */
    struct identity identity;
    struct rsa_key *sign;
    struct rsa_key *seal;
};

extern struct person alice, bob;

/* What else stands in the vectors. */
extern struct buf people_vault;        /* the plaintext of alice's vault */
extern struct buf people_envelope;     /* from alice to bob, */
extern uint8_t people_message_key[32]; /* and its key */
#define PEOPLE_PROOFS 3
extern struct buf people_proofs[PEOPLE_PROOFS]; /* all that there are */

void people_meet(void);

#endif
