/* SPDX-License-Identifier: GPL-3.0-or-later */
/* people.h: alice and bob of secmsg-1.json, with their identities and keys, for unit tests. */
#ifndef SECMSG_TESTS_UNIT_PEOPLE_H
#define SECMSG_TESTS_UNIT_PEOPLE_H

#include "crypto/identity.h"
#include "vectors.h"

struct person {
    struct span text; /* of the identity */
    struct identity identity;
    struct rsa_key *sign;
    struct rsa_key *seal;
};

static json_t *people_root; /* secmsg-1.json */
static struct person alice, bob;

static inline struct rsa_key *people_key(const char *user, const char *use)
{
    json_t *source = vectors_get(vectors_get(vectors_get(people_root, "keys"), user), use);
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    struct rsa_key *key;
    vectors_bytes(p, sizeof p, source, "p");
    vectors_bytes(q, sizeof q, source, "q");
    assert_int_equal(rsa_from_primes(&key, p, q), ERR_OK);
    return key;
}

static inline void people_meet(struct person *person, const char *user)
{
    person->text = vectors_text(vectors_get(vectors_get(people_root, "identities"), user), "text");
    assert_int_equal(identity_parse(&person->identity, person->text), ERR_OK);
    person->sign = people_key(user, "sign");
    person->seal = people_key(user, "seal");
}

/* A cmocka group's set-up and tear-down. */
static inline int people_start(void **state)
{
    if (vectors_start(state))
        return -1;
    people_root = vectors_load("secmsg-1.json");
    people_meet(&alice, "alice");
    people_meet(&bob, "bob");
    return 0;
}

static inline int people_end(void **state)
{
    rsa_free(alice.sign);
    rsa_free(alice.seal);
    rsa_free(bob.sign);
    rsa_free(bob.seal);
    json_decref(people_root);
    return vectors_end(state);
}

/* A copy of a text that a test changes, freed by buf_free. */
static inline struct buf people_copy(struct span text)
{
    struct buf copy = BUF_INIT(1 << 20);
    assert_int_equal(buf_append_span(&copy, text), ERR_OK);
    return copy;
}

#endif
