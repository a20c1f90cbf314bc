/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The growing buffer: its hard limit, and that a failed call changes nothing. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

static void a_buffer_takes_its_limit_and_no_more(void **state)
{
    /* Exactly max bytes fit; one more is refused, and nothing has changed. */
    (void)state;
    static const uint8_t data[1001];
    static const size_t limits[] = {0, 1, 255, 256, 257, 1000};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct buf b = BUF_INIT(limits[i]);
        assert_int_equal(buf_append(&b, data, limits[i] + 1), ERR_TOO_LARGE);
        assert_int_equal(b.len, 0);
        assert_int_equal(buf_append(&b, data, limits[i]), ERR_OK);
        assert_int_equal(buf_append_byte(&b, 'x'), ERR_TOO_LARGE);
        assert_int_equal(b.len, limits[i]);
        assert_true(b.cap <= limits[i]);
        buf_free(&b);
    }
}

static void a_huge_demand_is_refused(void **state)
{
    /* Sizes near SIZE_MAX neither wrap around nor reach the allocator. */
    (void)state;
    struct buf b = BUF_INIT(100);
    assert_int_equal(buf_append_str(&b, "abc"), ERR_OK);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_TOO_LARGE);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), ERR_TOO_LARGE);
    assert_true(span_is(buf_span(&b), "abc"));
    buf_free(&b);
}

static void content_survives_growth(void **state)
{
    /* Many small appends are the bytes that were appended. */
    (void)state;
    struct buf b = BUF_INIT(20000);
    for (size_t i = 0; i < 20000; i++)
        assert_int_equal(buf_append_byte(&b, (uint8_t)(i * 7)), ERR_OK);
    assert_int_equal(b.len, 20000);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], (uint8_t)(i * 7));
    buf_free(&b);
}

static void formatted_text_is_bounded(void **state)
{
    /* buf_printf appends all or nothing. */
    (void)state;
    struct buf b = BUF_INIT(12);
    assert_int_equal(buf_printf(&b, "%s=%d", "n", 42), ERR_OK);
    assert_true(span_is(buf_span(&b), "n=42"));
    assert_int_equal(buf_printf(&b, "%s", "123456789"), ERR_TOO_LARGE);
    assert_true(span_is(buf_span(&b), "n=42"));
    assert_int_equal(buf_printf(&b, "%s", ""), ERR_OK);
    assert_int_equal(b.len, 4);
    buf_free(&b);
}

static void consuming_takes_from_the_front(void **state)
{
    /* What stays moves up; everything may be consumed; nothing may be. */
    (void)state;
    struct buf b = BUF_INIT(100);
    buf_consume(&b, 0);
    assert_int_equal(buf_append_span(&b, SPAN("abcdef")), ERR_OK);
    buf_consume(&b, 0);
    buf_consume(&b, 2);
    assert_true(span_is(buf_span(&b), "cdef"));
    buf_consume(&b, 4);
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void what_is_cut_off_is_wiped(void **state)
{
    /* Truncating, consuming and clearing leave no byte behind in the memory that is kept. */
    (void)state;
    static const uint8_t zero[6];
    struct buf b = BUF_INIT(100);
    assert_int_equal(buf_append_str(&b, "secret"), ERR_OK);
    buf_truncate(&b, 4);
    assert_memory_equal(b.data + 4, zero, 2);
    buf_consume(&b, 3);
    assert_int_equal(b.data[0], 'r');
    assert_memory_equal(b.data + 1, zero, 5);
    buf_clear(&b);
    assert_memory_equal(b.data, zero, 6);
    buf_free(&b);
}

static void a_freed_buffer_is_an_empty_one(void **state)
{
    /* It can be used again, with the same limit, and freed again; NULL is fine. */
    (void)state;
    struct buf b = BUF_INIT(3);
    assert_int_equal(buf_append_str(&b, "abc"), ERR_OK);
    buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.len, 0);
    assert_int_equal(buf_append_str(&b, "abcd"), ERR_TOO_LARGE);
    assert_int_equal(buf_append_str(&b, "abc"), ERR_OK);
    buf_free(&b);
    buf_free(&b);
    buf_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_takes_its_limit_and_no_more),
        cmocka_unit_test(a_huge_demand_is_refused),
        cmocka_unit_test(content_survives_growth),
        cmocka_unit_test(formatted_text_is_bounded),
        cmocka_unit_test(consuming_takes_from_the_front),
        cmocka_unit_test(what_is_cut_off_is_wiped),
        cmocka_unit_test(a_freed_buffer_is_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
