/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identities: only what its own key has signed is one; and of what was stored, only what has its form. */
#include "crypto/identity.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

void fuzz_start(void)
{
    people_meet();
}

/* The one text that an identity can have, up to its signature. */
static void check_text(const struct identity *identity, struct span text)
{
    struct buf again = BUF_INIT(IDENTITY_MAX);
    FUZZ_HOLDS(field_is_user(span_str(identity->user)));
    FUZZ_HOLDS(rsa_is_modulus(identity->sign) && rsa_is_modulus(identity->seal));
    FUZZ_HOLDS(memcmp(identity->sign, identity->seal, RSA_LEN) != 0);
    FUZZ_OK(buf_append_str(&again, "secmsg-identity-1\n"));
    FUZZ_OK(field_add_line(&again, "user", span_str(identity->user)));
    FUZZ_OK(field_add_b64(&again, "sign", span_of(identity->sign, RSA_LEN)));
    FUZZ_OK(field_add_b64(&again, "seal", span_of(identity->seal, RSA_LEN)));
    FUZZ_HOLDS(again.len < text.len && memcmp(again.data, text.data, again.len) == 0);
    char fingerprint[FINGERPRINT_SIZE];
    hash_fingerprint(fingerprint, buf_span(&again));
    FUZZ_HOLDS(strcmp(fingerprint, identity->fingerprint) == 0);
    buf_free(&again);
}

void fuzz_one(struct span in)
{
    struct identity stored, identity;
    static const struct identity none;
    enum err e = identity_parse_stored(&stored, in);
    enum err verified = identity_parse(&identity, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED || e == ERR_FORGED);
    if (e == ERR_OK)
        check_text(&stored, in);
    if (verified == ERR_OK)
        FUZZ_HOLDS(e == ERR_OK && (memcmp(identity.sign, alice.identity.sign, RSA_LEN) == 0 ||
                                   memcmp(identity.sign, bob.identity.sign, RSA_LEN) == 0));
    else
        FUZZ_HOLDS(memcmp(&identity, &none, sizeof(none)) == 0);
}
