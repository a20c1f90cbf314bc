/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256, HMAC and HKDF against Wycheproof and FIPS 180's examples; fingerprints. */
#include "crypto/hash.h"

#include "vectors.h"

#include "base/banned.h"

static const uint8_t sha256_of_abc[HASH_LEN] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                                0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                                0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                                0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

static void parts_are_hashed_as_one(void **state)
{
    /* The same bytes in any division, empty parts too, have the one known hash. */
    (void)state;
    uint8_t out[HASH_LEN];
    hash_sha256(out, SPANS(SPAN("abc")));
    assert_memory_equal(out, sha256_of_abc, HASH_LEN);
    hash_sha256(out, SPANS(span_of(NULL, 0), SPAN("a"), SPAN(""), SPAN("bc")));
    assert_memory_equal(out, sha256_of_abc, HASH_LEN);
}

static void check_hmac(const json_t *group, const json_t *test)
{
    struct buf key = vectors_hex(test, "key"), msg = vectors_hex(test, "msg");
    struct buf tag = vectors_hex(test, "tag");
    bool is_valid = span_is(vectors_text(test, "result"), "valid");
    size_t len = (size_t)vectors_number(group, "tagSize") / 8;
    uint8_t mac[HASH_LEN];
    assert_int_equal(hash_hmac(mac, buf_span(&key), SPANS(buf_span(&msg))), ERR_OK);
    assert_int_equal(bytes_equal_secret(mac, tag.data, len), is_valid);
    if (len == HASH_LEN)
        assert_int_equal(hash_hmac_check(tag.data, buf_span(&key), SPANS(buf_span(&msg))),
                         is_valid ? ERR_OK : ERR_FORGED);
    buf_free(&key);
    buf_free(&msg);
    buf_free(&tag);
}

static void hmac_is_wycheproofs(void **state)
{
    /* Every HMAC-SHA-256 vector has the result that the file gives. */
    (void)state;
    assert_true(vectors_visit_wycheproof("wycheproof-hmac_sha256.json", check_hmac) > 0);
}

static void hmac_takes_an_empty_key(void **state)
{
    /* A key of no bytes is a key of 64 zero bytes, as RFC 2104 pads it. */
    (void)state;
    static const uint8_t zero[64];
    uint8_t a[HASH_LEN], b[HASH_LEN];
    assert_int_equal(hash_hmac(a, span_of(NULL, 0), SPANS(SPAN("text"))), ERR_OK);
    assert_int_equal(hash_hmac(b, span_of(zero, sizeof zero), SPANS(SPAN("te"), SPAN("xt"))),
                     ERR_OK);
    assert_memory_equal(a, b, HASH_LEN);
    assert_int_equal(hash_hmac(b, SPAN(""), NULL, 0), ERR_OK);
}

static void check_hkdf(const json_t *group, const json_t *test)
{
    (void)group;
    struct buf ikm = vectors_hex(test, "ikm"), salt = vectors_hex(test, "salt");
    struct buf info = vectors_hex(test, "info"), okm = vectors_hex(test, "okm");
    size_t size = (size_t)vectors_number(test, "size");
    uint8_t out[256 * HASH_LEN];
    assert_true(size <= sizeof out);
    enum err e = hash_hkdf(out, size, buf_span(&ikm), buf_span(&salt), buf_span(&info));
    if (span_is(vectors_text(test, "result"), "valid")) {
        assert_int_equal(e, ERR_OK);
        assert_span_equal(span_of(out, size), buf_span(&okm));
    } else {
        assert_int_equal(e, ERR_TOO_LARGE);
    }
    buf_free(&ikm);
    buf_free(&salt);
    buf_free(&info);
    buf_free(&okm);
}

static void hkdf_is_wycheproofs(void **state)
{
    /* Every HKDF-SHA-256 vector, the too long ones refused. */
    (void)state;
    assert_true(vectors_visit_wycheproof("wycheproof-hkdf_sha256.json", check_hkdf) > 0);
}

static void fingerprints_have_one_form(void **state)
{
    /* A fingerprint is recognized, and nothing that isn't exactly one. */
    (void)state;
    char text[FINGERPRINT_SIZE];
    hash_fingerprint(text, SPAN("abc"));
    assert_string_equal(text, "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0");
    assert_true(hash_is_fingerprint(span_str(text)));
    assert_false(hash_is_fingerprint(span_of(text, sizeof text)));
    assert_false(hash_is_fingerprint(span_of(text, sizeof text - 2)));
    assert_false(hash_is_fingerprint(SPAN("")));
    static const char bad[] = "=-_ \n";
    for (size_t i = 0; i < sizeof bad; i++) {
        char changed[FINGERPRINT_SIZE];
        memcpy(changed, text, sizeof text);
        changed[20] = bad[i];
        assert_false(hash_is_fingerprint(span_of(changed, sizeof text - 1)));
    }
    text[sizeof text - 2] = '1'; /* bits behind the hash's last one */
    assert_false(hash_is_fingerprint(span_str(text)));
    assert_false(hash_is_fingerprint(SPAN("sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_hashed_as_one),    cmocka_unit_test(hmac_is_wycheproofs),
        cmocka_unit_test(hmac_takes_an_empty_key),    cmocka_unit_test(hkdf_is_wycheproofs),
        cmocka_unit_test(fingerprints_have_one_form),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
