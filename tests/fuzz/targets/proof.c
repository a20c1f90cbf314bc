/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proofs: whatever is shown was signed by who is named. Parts are put together by the input, so that each check
 * is reached. */
#include "crypto/proof.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

void fuzz_start(void)
{
    people_meet();
}

static bool is_known(struct span text)
{
    for (size_t i = 0; i < PEOPLE_PROOFS; i++)
        if (span_equal(buf_span(&people_proofs[i]), text))
            return true;
    return false;
}

static void check(struct span text)
{
    struct proof proof;
    enum fault fault = proof_verify(&proof, text);
    FUZZ_HOLDS(fault != FAULT_INTERNAL);
    if (fault == FAULT_NONE)
        FUZZ_HOLDS(is_known(text) && strcmp(proof.from.user, "alice") == 0 &&
                   strcmp(proof.to, "bob") == 0);
    proof_free(&proof);
}

/* One part is any bytes, the others are right. */
static void check_part(uint8_t which, struct span in)
{
    uint8_t key[32];
    struct buf text = BUF_INIT(1 << 20);
    memcpy(key, people_message_key, sizeof(key));
    if (which == 1)
        memcpy(key, in.data, in.len < sizeof(key) ? in.len : sizeof(key));
    FUZZ_OK(proof_make(&text, key, which == 2 ? in : buf_span(&alice.text),
                       which == 3 ? in : buf_span(&people_envelope)));
    check(buf_span(&text));
    buf_free(&text);
}

void fuzz_one(struct span in)
{
    uint8_t which = fuzz_take_byte(&in) % 4;
    if (which == 0)
        check(in);
    else
        check_part(which, in);
}
