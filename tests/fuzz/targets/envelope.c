/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Envelopes by their form: each has one text. Only what alice signed is alice's. */
#include "crypto/envelope.h"

#include <inttypes.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

void fuzz_start(void)
{
    people_meet();
}

static void check_text(const struct envelope *e, struct span in)
{
    struct buf again = BUF_INIT(1 << 20);
    FUZZ_HOLDS(field_is_user(e->from) && field_is_user(e->to) && field_is_id(e->id));
    FUZZ_HOLDS(fernet_is_token(e->body));
    FUZZ_OK(buf_append_str(&again, "secmsg-message-1\n"));
    FUZZ_OK(field_add_line(&again, "from", e->from));
    FUZZ_OK(field_add_line(&again, "to", e->to));
    FUZZ_OK(field_add_line(&again, "id", e->id));
    FUZZ_OK(buf_printf(&again, "time: %" PRIu64 "\n", e->time));
    FUZZ_OK(field_add_b64(&again, "key", span_of(e->key, RSA_LEN)));
    FUZZ_OK(field_add_b64(&again, "commit", span_of(e->commit, HASH_LEN)));
    FUZZ_OK(field_add_line(&again, "body", e->body));
    FUZZ_HOLDS(span_equal(buf_span(&again), e->signed_part));
    FUZZ_OK(field_add_b64(&again, "signature", span_of(e->signature, RSA_LEN)));
    FUZZ_HOLDS(span_equal(buf_span(&again), in));
    buf_free(&again);
}

void fuzz_one(struct span in)
{
    struct envelope envelope;
    struct content content;
    enum err e = envelope_parse(&envelope, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e)
        return;
    check_text(&envelope, in);
    bool is_hers = envelope_verify(&envelope, alice.identity.sign) == ERR_OK;
    enum fault fault = envelope_open_with_key(&content, &envelope, people_message_key,
                                              &alice.identity, bob.identity.fingerprint);
    FUZZ_HOLDS(fault != FAULT_INTERNAL);
    FUZZ_HOLDS(fault != FAULT_NONE || is_hers);
    if (fault == FAULT_NONE)
        FUZZ_HOLDS(span_equal(in, buf_span(&people_envelope)));
    content_free(&content);
}
