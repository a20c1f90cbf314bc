/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spans, comparison, wiping, and numbers as bytes. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void spans_are_equal_only_byte_by_byte(void **state)
{
    /* Length and every byte count, a zero byte too. */
    (void)state;
    assert_true(span_equal(SPAN("a\0b"), span_of("a\0b", 3)));
    assert_false(span_equal(SPAN("a\0b"), SPAN("a\0c")));
    assert_false(span_equal(SPAN("ab"), SPAN("abc")));
    assert_true(span_equal(span_of(NULL, 0), SPAN("")));
    assert_true(span_is(SPAN("OK"), "OK"));
    assert_false(span_is(SPAN("OK\0"), "OK"));
    assert_int_equal(span_str("abc").len, 3);
}

static void a_span_becomes_a_text_only_if_it_fits(void **state)
{
    /* The terminating zero needs room too; what doesn't fit, or holds a zero, leaves "". */
    (void)state;
    char text[4] = "xyz";
    assert_true(span_to_text(SPAN("abc"), text, sizeof(text)));
    assert_string_equal(text, "abc");
    assert_false(span_to_text(SPAN("abcd"), text, sizeof(text)));
    assert_string_equal(text, "");
    assert_false(span_to_text(SPAN("a\0c"), text, sizeof(text)));
    assert_string_equal(text, "");
    assert_true(span_to_text(span_of(NULL, 0), text, 1));
}

static void secrets_that_differ_anywhere_differ(void **state)
{
    /* One changed bit at any place is noticed; nothing is equal to nothing. */
    (void)state;
    uint8_t a[40], b[40];
    for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
        memset(a, 0x5a, sizeof(a));
        memset(b, 0x5a, sizeof(b));
        assert_true(bytes_equal_secret(a, b, sizeof(a)));
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(bytes_equal_secret(a, b, sizeof(a)));
        assert_true(bytes_equal_secret(a, b, bit / 8));
    }
}

static void wiping_keeps_to_its_bytes(void **state)
{
    /* Exactly n bytes become zero. */
    (void)state;
    uint8_t data[] = {1, 2, 3, 4};
    static const uint8_t wiped[] = {1, 0, 0, 4};
    bytes_wipe(data + 1, 2);
    assert_memory_equal(data, wiped, sizeof(data));
    bytes_wipe(NULL, 0);
}

static void numbers_have_their_byte_order(void **state)
{
    /* be64 is the protocol's, and each pair of functions is inverse. */
    (void)state;
    static const uint64_t numbers[] = {0, 1, 0x0102030405060708, UINT64_MAX, UINT64_C(1) << 63};
    static const uint8_t big[8] = {1, 2, 3, 4, 5, 6, 7, 8}, little[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t bytes[8];
    bytes_put_be64(bytes, numbers[2]);
    assert_memory_equal(bytes, big, 8);
    bytes_put_le64(bytes, numbers[2]);
    assert_memory_equal(bytes, little, 8);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        bytes_put_be64(bytes, numbers[i]);
        assert_true(bytes_get_be64(bytes) == numbers[i]);
        bytes_put_le64(bytes, numbers[i]);
        assert_true(bytes_get_le64(bytes) == numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_equal_only_byte_by_byte),
        cmocka_unit_test(a_span_becomes_a_text_only_if_it_fits),
        cmocka_unit_test(secrets_that_differ_anywhere_differ),
        cmocka_unit_test(wiping_keeps_to_its_bytes),
        cmocka_unit_test(numbers_have_their_byte_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
