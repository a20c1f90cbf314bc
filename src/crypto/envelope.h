/* SPDX-License-Identifier: GPL-3.0-or-later */
/* envelope.h: a message, sealed for one recipient and signed by its sender (protocol 3.4). */
#ifndef SECMSG_CRYPTO_ENVELOPE_H
#define SECMSG_CRYPTO_ENVELOPE_H

#include "crypto/content.h"
#include "crypto/fault.h"
#include "crypto/fernet.h"
#include "crypto/identity.h"
#include "crypto/padme.h"

/* The form of an envelope. Spans point into the text that was parsed. */
struct envelope {
    struct span text;
    struct span signed_part; /* every byte before the signature line */
    struct span from, to, id;
    uint64_t time;
    uint8_t key[RSA_LEN];
    uint8_t commit[HASH_LEN];
    struct span body; /* a Fernet token by its form */
    uint8_t signature[RSA_LEN];
};

/* Form only. ERR_MALFORMED. */
enum err envelope_parse(struct envelope *envelope, struct span text) MUST_USE;

/* ERR_FORGED if the signature isn't by this key. */
enum err envelope_verify(const struct envelope *envelope,
                         const uint8_t sign[static RSA_LEN]) MUST_USE;

/* Appends the envelope of a message from `from` (whose signing key is `sign`) to `to`. ERR_MALFORMED if a
 * field isn't of its form (a name that climbs, a type without slash, a bad id). */
enum err envelope_seal(struct buf *text, const struct message *message, const struct identity *from,
                       const struct rsa_key *sign, const struct identity *to) MUST_USE;

/* What a recipient knows before it opens a message. */
struct envelope_reader {
    const struct identity *self;
    const struct rsa_key *seal;  /* self's encryption key */
    const struct identity *from; /* the pinned identity of the sender */
    struct span id;              /* of the MESSAGE line */
};

/* All of the recipient's checks, in the order of 3.4, but for 'this id is new'. On FAULT_NONE fills
 * *content (and message_key, for proofs; wiping it is the caller's); else *content is empty. */
enum fault envelope_open(struct content *content, uint8_t message_key[static 32],
                         const struct envelope *envelope, const struct envelope_reader *reader);

/* The same checks but those that need private keys: with the message key in hand. `to_fingerprint` NULL
 * skips the check of to-identity (a proof's verifier doesn't know the recipient). */
enum fault envelope_open_with_key(struct content *content, const struct envelope *envelope,
                                  const uint8_t message_key[static 32], const struct identity *from,
                                  const char *to_fingerprint);

/* The largest data that fits an envelope of at most `max` bytes whatever the fields, for a clear refusal
 * before sealing; 0 if none does. */
size_t envelope_largest_data(size_t max);

#endif
