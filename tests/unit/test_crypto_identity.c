/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identities: the vectors' good and refused ones, and every single change of a good one. */
#include "crypto/identity.h"

#include "crypto/random.h"
#include "people.h"

#include "base/banned.h"

static bool is_empty(const struct identity *identity)
{
    static const struct identity empty;
    return memcmp(identity, &empty, sizeof empty) == 0;
}

static void good_identities_are_taken(void **state)
{
    /* Name, both moduli and the fingerprint are the vectors'. */
    (void)state;
    static const char *const users[] = {"alice", "bob"};
    for (size_t i = 0; i < 2; i++) {
        json_t *v = vectors_get(vectors_get(people_root, "identities"), users[i]);
        json_t *keys = vectors_get(vectors_get(people_root, "keys"), users[i]);
        struct identity identity;
        uint8_t n[RSA_LEN];
        assert_int_equal(identity_parse(&identity, vectors_text(v, "text")), ERR_OK);
        assert_string_equal(identity.user, users[i]);
        assert_true(span_is(vectors_text(v, "fingerprint_text"), identity.fingerprint));
        vectors_bytes(n, sizeof n, vectors_get(keys, "sign"), "n");
        assert_memory_equal(identity.sign, n, RSA_LEN);
        vectors_bytes(n, sizeof n, vectors_get(keys, "seal"), "n");
        assert_memory_equal(identity.seal, n, RSA_LEN);
    }
}

static void refused_identities_are_refused(void **state)
{
    /* Each of refused_identities, for its reason, and nothing of it is handed out. */
    (void)state;
    static const struct {
        const char *why;
        enum err expected;
    } reasons[] = {
        {"seal modulus zero", ERR_MALFORMED},
        {"seal modulus small, leading zeros", ERR_MALFORMED},
        {"seal modulus of 3071 bits", ERR_MALFORMED},
        {"seal modulus even", ERR_MALFORMED},
        {"seal modulus of 383 bytes", ERR_MALFORMED},
        {"seal modulus of 385 bytes", ERR_MALFORMED},
        {"sign modulus zero", ERR_MALFORMED},
        {"sign modulus 3", ERR_MALFORMED},
        {"one modulus for both", ERR_MALFORMED},
        {"name in upper case", ERR_MALFORMED},
        {"signature by another key", ERR_FORGED},
        {"signature plus modulus", ERR_MALFORMED},
        {"an extra line", ERR_MALFORMED},
        {"no last LF", ERR_MALFORMED},
        {"empty", ERR_MALFORMED},
    };
    json_t *list = vectors_get(people_root, "refused_identities"), *v;
    size_t i;
    assert_int_equal(json_array_size(list), sizeof reasons / sizeof reasons[0]);
    json_array_foreach(list, i, v)
    {
        struct identity identity = alice.identity;
        assert_true(span_is(vectors_text(v, "why"), reasons[i].why));
        assert_int_equal(identity_parse(&identity, vectors_text(v, "text")), reasons[i].expected);
        assert_true(is_empty(&identity));
    }
}

static void a_made_identity_is_taken(void **state)
{
    /* What identity_make signs is parsed, has the known fingerprint, and is appended only as a whole. */
    (void)state;
    struct identity identity;
    struct buf text = BUF_INIT(IDENTITY_MAX + 6);
    assert_int_equal(buf_append_str(&text, "before"), ERR_OK);
    assert_int_equal(identity_make(&text, SPAN("alice"), alice.sign, alice.seal), ERR_OK);
    assert_int_equal(identity_parse(&identity, span_of(text.data + 6, text.len - 6)), ERR_OK);
    assert_string_equal(identity.fingerprint, alice.identity.fingerprint);
    buf_free(&text);
    assert_int_equal(identity_make(&text, SPAN("Alice"), alice.sign, alice.seal), ERR_MALFORMED);
    assert_int_equal(identity_make(&text, SPAN(""), alice.sign, alice.seal), ERR_MALFORMED);
    assert_int_equal(identity_make(&text, SPAN("alice"), alice.sign, alice.sign), ERR_MALFORMED);
    text.max = 1000;
    assert_int_equal(identity_make(&text, SPAN("alice"), alice.sign, alice.seal), ERR_TOO_LARGE);
    assert_int_equal(text.len, 0);
    buf_free(&text);
}

static void a_cut_identity_is_refused(void **state)
{
    /* At every length; and with a tail, a NUL, or beyond the largest size. */
    (void)state;
    struct identity identity;
    for (size_t n = 0; n < alice.text.len; n++)
        assert_int_equal(identity_parse(&identity, span_of(alice.text.data, n)), ERR_MALFORMED);
    assert_int_equal(identity_parse(&identity, span_of(NULL, 0)), ERR_MALFORMED);
    struct buf text = people_copy(alice.text);
    assert_int_equal(buf_append_byte(&text, '\n'), ERR_OK);
    assert_int_equal(identity_parse(&identity, buf_span(&text)), ERR_MALFORMED);
    text.data[text.len - 1] = '\0';
    assert_int_equal(identity_parse(&identity, buf_span(&text)), ERR_MALFORMED);
    while (text.len <= IDENTITY_MAX)
        assert_int_equal(buf_append_byte(&text, 'a'), ERR_OK);
    assert_int_equal(identity_parse(&identity, buf_span(&text)), ERR_MALFORMED);
    buf_free(&text);
}

static void a_changed_identity_is_refused(void **state)
{
    /* Any byte changed to any other, one at a time. */
    (void)state;
    struct identity identity;
    struct buf text = people_copy(alice.text);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t change;
        do
            random_bytes(&change, 1);
        while (change == 0);
        text.data[i] ^= change;
        assert_int_not_equal(identity_parse(&identity, buf_span(&text)), ERR_OK);
        assert_true(is_empty(&identity));
        text.data[i] ^= change;
    }
    assert_int_equal(identity_parse(&identity, buf_span(&text)), ERR_OK);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_identities_are_taken),
        cmocka_unit_test(refused_identities_are_refused),
        cmocka_unit_test(a_made_identity_is_taken),
        cmocka_unit_test(a_cut_identity_is_refused),
        cmocka_unit_test(a_changed_identity_is_refused),
    };
    return cmocka_run_group_tests(tests, people_start, people_end);
}
