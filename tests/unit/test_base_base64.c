/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64: RFC 4648's own vectors, every short length, and everything that a strict decoder refuses. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define LONGEST 100

/* Bytes in which all 6-bit values come up. */
static void fill(uint8_t *bytes, size_t n)
{
    uint32_t x = 0x9e3779b9;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(x >> 24);
    }
}

/* The text of n bytes, in a buffer that the caller frees. */
static struct buf encoded(const uint8_t *bytes, size_t n)
{
    struct buf text = BUF_INIT(1000);
    assert_int_equal(base64url_encode(&text, span_of(bytes, n)), ERR_OK);
    assert_int_equal(text.len, base64_encoded_len(n));
    return text;
}

static void assert_refused(struct span text)
{
    uint8_t exact[LONGEST];
    struct buf out = BUF_INIT(1000);
    assert_int_equal(buf_append_str(&out, "kept"), ERR_OK);
    assert_int_equal(base64url_decode(&out, text), ERR_MALFORMED);
    assert_true(span_is(buf_span(&out), "kept"));
    for (size_t n = 0; n < 8; n++)
        assert_int_equal(base64url_decode_exact(exact, n, text), ERR_MALFORMED);
    buf_free(&out);
}

static void the_vectors_of_rfc_4648_hold(void **state)
{
    /* Section 10, and the two characters in which section 5's alphabet is another. */
    (void)state;
    static const struct {
        const char *bytes, *text;
    } vectors[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"},
                   {"\xfb\xef\xff", "--__"}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct buf text = encoded((const uint8_t *)vectors[i].bytes, strlen(vectors[i].bytes));
        struct buf bytes = BUF_INIT(100);
        assert_true(span_is(buf_span(&text), vectors[i].text));
        assert_int_equal(base64url_decode(&bytes, buf_span(&text)), ERR_OK);
        assert_true(span_is(buf_span(&bytes), vectors[i].bytes));
        buf_free(&text);
        buf_free(&bytes);
    }
}

static void every_short_length_round_trips(void **state)
{
    /* encode, encode_text, decode and decode_exact agree for 0 to 100 bytes. */
    (void)state;
    uint8_t bytes[LONGEST], exact[LONGEST];
    char as_text[LONGEST * 2];
    fill(bytes, sizeof(bytes));
    for (size_t n = 0; n <= LONGEST; n++) {
        struct buf text = encoded(bytes, n), back = BUF_INIT(n);
        base64url_encode_text(as_text, base64_encoded_len(n) + 1, span_of(bytes, n));
        assert_true(span_is(buf_span(&text), as_text));
        assert_int_equal(base64url_decode(&back, buf_span(&text)), ERR_OK);
        assert_true(span_equal(buf_span(&back), span_of(bytes, n)));
        assert_int_equal(base64url_decode_exact(exact, n, buf_span(&text)), ERR_OK);
        assert_memory_equal(exact, bytes, n);
        buf_free(&text);
        buf_free(&back);
    }
}

static void every_value_has_its_character(void **state)
{
    /* The 64 characters of section 5's alphabet, in their order. */
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (unsigned v = 0; v < 64; v++) {
        const uint8_t bytes[3] = {(uint8_t)(v << 2), 0, (uint8_t)v};
        char text[5];
        base64url_encode_text(text, sizeof(text), span_of(bytes, 3));
        assert_int_equal(text[0], alphabet[v]);
        assert_int_equal(text[3], alphabet[v]);
    }
}

static void a_foreign_byte_is_refused_at_every_place(void **state)
{
    /* All 256 - 64 bytes outside the alphabet, at every place of texts with 0, 1 and 2 paddings. */
    (void)state;
    uint8_t bytes[9];
    fill(bytes, sizeof(bytes));
    for (size_t n = 7; n <= 9; n++) {
        struct buf text = encoded(bytes, n);
        for (size_t place = 0; place < text.len; place++) {
            uint8_t before = text.data[place];
            for (unsigned byte = 0; byte < 256; byte++) {
                bool is_inside = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                                 (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
                if (is_inside || byte == before || byte == '=')
                    continue;
                text.data[place] = (uint8_t)byte;
                assert_refused(buf_span(&text));
            }
            text.data[place] = before;
        }
        buf_free(&text);
    }
}

static void padding_has_one_right_form(void **state)
{
    /* Missing, superfluous, misplaced and alone. */
    (void)state;
    static const char *const refused[] = {"Zg",    "Zg=",      "Zg===",    "Zm8",      "Zm8==",
                                          "Zm9v=", "Zm9v====", "=",        "==",       "===",
                                          "====",  "=m9v",     "Z=9v",     "Zm=v",     "Zm9=v",
                                          "Z===",  "Zg==Zg==", "Zm8=Zm9v", "Zg==Zm9v", "Z",
                                          "Zm9vZ", "Zm9vZ===", "Zm9v\n",   " Zm9",     "Zm9v Zm8",
                                          "Zm9\n", "Zm9vYg=A", "Zm9vY=g=", "Zm9v=Yg="};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_refused(span_str(refused[i]));
    assert_refused(SPAN("Zm9\0"));
    assert_refused(SPAN("Zg=\0"));
}

static void trailing_bits_must_be_zero(void **state)
{
    /* Of the 64 characters before the padding only those with zero bits at their end decode. */
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t out[2];
    for (unsigned v = 0; v < 64; v++) {
        const char one[] = {'Z', alphabet[v], '=', '='}, two[] = {'Z', 'm', alphabet[v], '='};
        assert_int_equal(base64url_decode_exact(out, 1, span_of(one, 4)),
                         v % 16 ? ERR_MALFORMED : ERR_OK);
        assert_int_equal(base64url_decode_exact(out, 2, span_of(two, 4)),
                         v % 4 ? ERR_MALFORMED : ERR_OK);
    }
}

static void an_exact_length_is_exact(void **state)
{
    /* A right text of one byte more or less is refused. */
    (void)state;
    uint8_t bytes[33], out[33];
    fill(bytes, sizeof(bytes));
    for (size_t n = 31; n <= 33; n++) {
        struct buf text = encoded(bytes, n);
        assert_int_equal(base64url_decode_exact(out, 32, buf_span(&text)),
                         n == 32 ? ERR_OK : ERR_MALFORMED);
        buf_free(&text);
    }
}

static void limits_hold_in_both_directions(void **state)
{
    /* A result that is one byte beyond the buffer's limit is refused and nothing is appended. */
    (void)state;
    struct buf out = BUF_INIT(7);
    assert_int_equal(base64url_encode(&out, SPAN("abcd")), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    out.max = 8;
    assert_int_equal(base64url_encode(&out, SPAN("abcd")), ERR_OK);
    buf_free(&out);
    out.max = 3;
    assert_int_equal(base64url_decode(&out, SPAN("YWJjZA==")), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    out.max = 4;
    assert_int_equal(base64url_decode(&out, SPAN("YWJjZA==")), ERR_OK);
    assert_true(span_is(buf_span(&out), "abcd"));
    buf_free(&out);
}

static void a_fingerprint_is_unpadded_standard_base64(void **state)
{
    /* Section 4's alphabet, 43 characters, a terminating zero. */
    (void)state;
    uint8_t digest[32];
    char text[44];
    memset(digest, 0xff, sizeof(digest));
    base64_fingerprint_text(text, digest);
    assert_string_equal(text, "//////////////////////////////////////////8");
    memset(digest, 0xfb, sizeof(digest));
    base64_fingerprint_text(text, digest);
    assert_string_equal(text, "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold),
        cmocka_unit_test(every_short_length_round_trips),
        cmocka_unit_test(every_value_has_its_character),
        cmocka_unit_test(a_foreign_byte_is_refused_at_every_place),
        cmocka_unit_test(padding_has_one_right_form),
        cmocka_unit_test(trailing_bits_must_be_zero),
        cmocka_unit_test(an_exact_length_is_exact),
        cmocka_unit_test(limits_hold_in_both_directions),
        cmocka_unit_test(a_fingerprint_is_unpadded_standard_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
