/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proof.h: what shows a third party who wrote a message (protocol 3.5). */
#ifndef SECMSG_CRYPTO_PROOF_H
#define SECMSG_CRYPTO_PROOF_H

#include "crypto/envelope.h"

/* What a proof shows; `content` as in envelope.h, freed by proof_free. */
struct proof {
    struct identity from;
    char to[FIELD_USER_SIZE];
    char id[FIELD_ID_SIZE];
    uint64_t time;
    struct content content;
};

/* Appends the proof of a message: its key, its sender's identity text, its envelope's text. */
enum err proof_make(struct buf *text, const uint8_t message_key[static 32], struct span identity,
                    struct span envelope) MUST_USE;

/* Every check that needs no private key and no local state. On FAULT_NONE fills *proof. */
enum fault proof_verify(struct proof *proof, struct span text);

void proof_free(struct proof *proof);

#endif
