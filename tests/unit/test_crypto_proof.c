/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proofs: the vectors' verify and can be made again; refused and changed ones show nothing. */
#include "crypto/proof.h"

#include "crypto/random.h"
#include "people.h"

#include "base/banned.h"

static json_t *first_message(void)
{
    return json_array_get(vectors_get(people_root, "messages_alice_to_bob"), 0);
}

static enum fault finding(struct span text)
{
    struct proof proof;
    enum fault fault = proof_verify(&proof, text);
    if (fault) {
        assert_null(proof.content.plain.data);
        assert_string_equal(proof.from.user, "");
    }
    proof_free(&proof);
    return fault;
}

static void the_vectors_proofs_verify(void **state)
{
    /* Who, to whom, which id, what; and proof_make makes the very same text. */
    (void)state;
    json_t *list = vectors_get(people_root, "messages_alice_to_bob"), *v;
    size_t i;
    json_array_foreach(list, i, v)
    {
        struct proof proof;
        struct buf data = vectors_hex(v, "data"), text = BUF_INIT(100000);
        uint8_t key[32];
        assert_int_equal(proof_verify(&proof, vectors_text(v, "proof_text")), FAULT_NONE);
        assert_string_equal(proof.from.user, "alice");
        assert_string_equal(proof.from.fingerprint, alice.identity.fingerprint);
        assert_string_equal(proof.to, "bob");
        assert_true(span_is(vectors_text(v, "id"), proof.id));
        assert_true(proof.time == 1795392000 + i);
        assert_span_equal(proof.content.data, buf_span(&data));
        vectors_bytes(key, sizeof key, v, "message_key");
        assert_int_equal(proof_make(&text, key, alice.text, vectors_text(v, "envelope_text")),
                         ERR_OK);
        assert_span_equal(buf_span(&text), vectors_text(v, "proof_text"));
        proof_free(&proof);
        buf_free(&data);
        buf_free(&text);
    }
    assert_true(i > 0);
    proof_free(NULL);
}

static void refused_proofs_are_refused(void **state)
{
    /* Each of refused_proofs, for its reason. */
    (void)state;
    static const struct {
        const char *why;
        enum fault expected;
    } reasons[] = {
        {"another message key", FAULT_COMMIT},
        {"another's identity", FAULT_FROM},
        {"mallory signs 'from: alice' with an identity of her own name", FAULT_FROM},
        {"from-identity of somebody else", FAULT_SENDER_IDENTITY},
        {"envelope changed", FAULT_SIGNATURE},
        {"commit to another key", FAULT_COMMIT},
        {"trailing bytes", FAULT_PROOF_FORM},
        {"message key of 31 bytes", FAULT_PROOF_FORM},
        {"empty", FAULT_PROOF_FORM},
    };
    json_t *list = vectors_get(people_root, "refused_proofs"), *v;
    size_t i;
    assert_int_equal(json_array_size(list), sizeof reasons / sizeof reasons[0]);
    json_array_foreach(list, i, v)
    {
        assert_true(span_is(vectors_text(v, "why"), reasons[i].why));
        assert_int_equal(finding(vectors_text(v, "text")), reasons[i].expected);
    }
}

static void a_cut_proof_is_refused(void **state)
{
    /* At every length, and with a repeated line. */
    (void)state;
    struct span text = vectors_text(first_message(), "proof_text");
    for (size_t n = 0; n < text.len; n++)
        assert_int_equal(finding(span_of(text.data, n)), FAULT_PROOF_FORM);
    assert_int_equal(finding(span_of(NULL, 0)), FAULT_PROOF_FORM);
    struct buf changed = people_copy(span_of(text.data, 73)); /* kind and message-key */
    assert_int_equal(text.data[72], '\n');
    assert_int_equal(buf_append(&changed, text.data + 15, 58), ERR_OK);
    assert_int_equal(buf_append(&changed, text.data + 73, text.len - 73), ERR_OK);
    assert_int_equal(finding(buf_span(&changed)), FAULT_PROOF_FORM);
    buf_free(&changed);
}

static void a_changed_proof_never_verifies(void **state)
{
    /* Any byte changed to any other, one at a time. */
    (void)state;
    struct buf text = people_copy(vectors_text(first_message(), "proof_text"));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t change;
        do
            random_bytes(&change, 1);
        while (change == 0);
        text.data[i] ^= change;
        assert_int_not_equal(finding(buf_span(&text)), FAULT_NONE);
        text.data[i] ^= change;
    }
    assert_int_equal(finding(buf_span(&text)), FAULT_NONE);
    buf_free(&text);
}

static void a_proof_of_other_parts_is_refused(void **state)
{
    /* No identity, a refused identity, no envelope: each is its own fault. */
    (void)state;
    uint8_t key[32];
    struct buf text = BUF_INIT(100000);
    json_t *v = first_message();
    struct span envelope = vectors_text(v, "envelope_text");
    vectors_bytes(key, sizeof key, v, "message_key");
    struct span parts[][2] = {{SPAN(""), envelope}, {envelope, envelope}, {alice.text, SPAN("")}};
    static const enum fault expected[] = {FAULT_PROOF_IDENTITY, FAULT_PROOF_IDENTITY, FAULT_FORM};
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&text);
        assert_int_equal(proof_make(&text, key, parts[i][0], parts[i][1]), ERR_OK);
        assert_int_equal(finding(buf_span(&text)), expected[i]);
    }
    text.max = 1000;
    buf_clear(&text);
    buf_free(&text);
    assert_int_equal(proof_make(&text, key, alice.text, envelope), ERR_TOO_LARGE);
    assert_int_equal(text.len, 0);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_proofs_verify),
        cmocka_unit_test(refused_proofs_are_refused),
        cmocka_unit_test(a_cut_proof_is_refused),
        cmocka_unit_test(a_changed_proof_never_verifies),
        cmocka_unit_test(a_proof_of_other_parts_is_refused),
    };
    return cmocka_run_group_tests(tests, people_start, people_end);
}
