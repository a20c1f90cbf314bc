/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proofs: a message key, an identity and an envelope, so that anybody can make the recipient's checks. */
#include "crypto/proof.h"

#include "base/base64.h"

#include "base/banned.h"

#define KIND            "secmsg-proof-1"
#define MESSAGE_KEY_LEN FERNET_KEY_LEN

enum err proof_make(struct buf *text, const uint8_t message_key[static MESSAGE_KEY_LEN],
                    struct span identity, struct span envelope)
{
    size_t before = text->len;
    enum err e = buf_append_str(text, KIND "\n");
    if (!e)
        e = field_add_b64(text, "message-key", span_of(message_key, MESSAGE_KEY_LEN));
    if (!e)
        e = field_add_b64(text, "identity", identity);
    if (!e)
        e = field_add_b64(text, "envelope", envelope);
    if (e)
        buf_truncate(text, before);
    return e;
}

static enum err take_text(struct buf *out, struct span *rest, const char *name)
{
    struct span value;
    enum err e = field_take_line(rest, name, &value);
    return e ? e : base64url_decode(out, value);
}

/* The proof's own form: three lines, and b64 in each. */
static enum err parse_form(uint8_t *message_key, struct buf *identity, struct buf *envelope,
                           struct span text)
{
    struct span rest = text;
    enum err e = field_take_literal(&rest, KIND);
    if (!e)
        e = field_take_b64(&rest, "message-key", message_key, MESSAGE_KEY_LEN);
    if (!e)
        e = take_text(identity, &rest, "identity");
    if (!e)
        e = take_text(envelope, &rest, "envelope");
    return !e && rest.len > 0 ? ERR_MALFORMED : e;
}

static enum fault open_proof(struct proof *proof, const uint8_t *message_key, struct span identity,
                             struct span text)
{
    struct envelope envelope;
    enum fault fault = fault_from(identity_parse(&proof->from, identity), FAULT_PROOF_IDENTITY);
    if (!fault)
        fault = fault_from(envelope_parse(&envelope, text), FAULT_FORM);
    if (!fault)
        fault = envelope_open_with_key(&proof->content, &envelope, message_key, &proof->from, NULL);
    if (fault)
        return fault;
    proof->time = envelope.time;
    bool fits = span_to_text(envelope.to, proof->to, sizeof proof->to) &&
                span_to_text(envelope.id, proof->id, sizeof proof->id);
    return fits ? FAULT_NONE : FAULT_INTERNAL;
}

enum fault proof_verify(struct proof *proof, struct span text)
{
    uint8_t message_key[MESSAGE_KEY_LEN];
    struct buf identity = BUF_INIT(text.len), envelope = BUF_INIT(text.len);
    *proof = (struct proof){.content.plain = BUF_INIT(0)};
    enum fault fault =
        fault_from(parse_form(message_key, &identity, &envelope, text), FAULT_PROOF_FORM);
    if (!fault)
        fault = open_proof(proof, message_key, buf_span(&identity), buf_span(&envelope));
    if (fault)
        proof_free(proof);
    bytes_wipe(message_key, sizeof message_key);
    buf_free(&identity);
    buf_free(&envelope);
    return fault;
}

void proof_free(struct proof *proof)
{
    if (!proof)
        return;
    content_free(&proof->content);
    bytes_wipe(proof, sizeof *proof);
}
