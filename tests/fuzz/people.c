/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the vectors once: keys that somebody has to have made, since making them takes seconds. */
#include "tests/fuzz/people.h"

#include <jansson.h>

#include "tests/fuzz/fuzz.h"

struct person alice, bob;
struct buf people_vault, people_envelope, people_proofs[PEOPLE_PROOFS];
uint8_t people_message_key[32];

static json_t *get(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    FUZZ_HOLDS(value != NULL);
    return value;
}

static struct buf text(const json_t *object, const char *name)
{
    struct buf out = BUF_INIT(1 << 20);
    const json_t *value = get(object, name);
    FUZZ_OK(buf_append(&out, json_string_value(value), json_string_length(value)));
    return out;
}

static void bytes(uint8_t *out, size_t n, const json_t *object, const char *name)
{
    const char *hex = json_string_value(get(object, name));
    FUZZ_HOLDS(strlen(hex) == 2 * n);
    for (size_t i = 0; i < n; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static struct rsa_key *key(const json_t *root, const char *user, const char *use)
{
    const json_t *source = get(get(get(root, "keys"), user), use);
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    struct rsa_key *made = NULL;
    bytes(p, sizeof(p), source, "p");
    bytes(q, sizeof(q), source, "q");
    FUZZ_OK(rsa_from_primes(&made, p, q));
    return made;
}

static void meet(struct person *person, const json_t *root, const char *user)
{
    person->text = text(get(get(root, "identities"), user), "text");
    FUZZ_OK(identity_parse(&person->identity, buf_span(&person->text)));
    person->sign = key(root, user, "sign");
    person->seal = key(root, user, "seal");
}

void people_meet(void)
{
    json_t *root = json_load_file(TEST_VECTORS "/secmsg-1.json", JSON_ALLOW_NUL, NULL);
    FUZZ_HOLDS(root != NULL);
    meet(&alice, root, "alice");
    meet(&bob, root, "bob");
    people_vault = text(get(root, "vault"), "plaintext_text");
    const json_t *all = get(root, "messages_alice_to_bob"), *message = json_array_get(all, 1);
    for (size_t i = 0; i < PEOPLE_PROOFS; i++)
        people_proofs[i] = text(json_array_get(all, i), "proof_text");
    people_envelope = text(message, "envelope_text");
    bytes(people_message_key, sizeof(people_message_key), message, "message_key");
    json_decref(root);
}
