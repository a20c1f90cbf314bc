/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.h: who somebody is: a name and two public keys, signed by the first (protocol 3.3). */
#ifndef SECMSG_CRYPTO_IDENTITY_H
#define SECMSG_CRYPTO_IDENTITY_H

#include "crypto/field.h"
#include "crypto/hash.h"
#include "crypto/rsa.h"

#define IDENTITY_MAX 2048 /* bytes of the text */

struct identity {
    char user[FIELD_USER_SIZE];
    uint8_t sign[RSA_LEN]; /* modulus of the signing key */
    uint8_t seal[RSA_LEN]; /* modulus of the encryption key */
    char fingerprint[FINGERPRINT_SIZE];
};

/* Every check of 3.3, the signature too, before any field may be used. ERR_MALFORMED, ERR_FORGED;
 * *identity is all zero then. */
enum err identity_parse(struct identity *identity, struct span text) MUST_USE;

/* The same without verifying the signature, which takes most of the time: for a text that passed
 * identity_parse before it was stored where nobody else writes. */
enum err identity_parse_stored(struct identity *identity, struct span text) MUST_USE;

/* Appends the signed text of a user's two keys. */
enum err identity_make(struct buf *text, struct span user, const struct rsa_key *sign,
                       const struct rsa_key *seal) MUST_USE;

#endif
