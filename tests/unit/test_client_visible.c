/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others wrote is harmless to a terminal once it was made visible, and nothing of it is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/visible.h"

static void expect_bytes(struct span text, bool keeps_lines, const char *shown)
{
    struct buf out = BUF_INIT(4096);
    assert_int_equal(visible_append(&out, text, keeps_lines), ERR_OK);
    assert_int_equal(buf_append_byte(&out, 0), ERR_OK);
    assert_string_equal((const char *)out.data, shown);
    buf_free(&out);
}

static void expect(const char *text, const char *shown)
{
    expect_bytes(span_str(text), true, shown);
}

static void test_text_stays(void **state)
{
    /* Letters of all scripts, emoji with joiners, lines and tabs stay as they are. */
    static const char text[] =
        "plain\tline\nÄrger naïve 你好 שלום 👩‍👧 \xf4\x8f\xbf\xbd~";
    (void)state;
    expect(text, text);
}

static void test_controls(void **state)
{
    /* C0, DEL and C1 are written out; LF and TAB too where a value stands within a line. */
    (void)state;
    expect("\x1b[2J\x07\r\b\x7f", "\\x1b[2J\\x07\\x0d\\x08\\x7f");
    expect("\xc2\x9b\x33m\xc2\x80\xc2\x9f\xc2\xa0", "<U+009B>3m<U+0080><U+009F>\xc2\xa0");
    expect_bytes(SPAN("a\0b"), true, "a\\x00b");
    expect_bytes(SPAN("a\n\tb"), false, "a\\x0a\\x09b");
}

static void test_bidi(void **state)
{
    /* Marks, embeddings, overrides, isolates and separators can't reorder or break what is shown. */
    (void)state;
    expect("\xe2\x80\xae"
           "evil\xe2\x80\xac",
           "<U+202E>evil<U+202C>");
    expect("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "<U+2066><U+2067><U+2068><U+2069>");
    expect("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "<U+200E><U+200F><U+061C>");
    expect("\xe2\x80\xa8\xe2\x80\xa9", "<U+2028><U+2029>");
    expect("\xf3\xa0\x81\x81", "<U+E0041>");
}

static void test_invalid_utf8(void **state)
{
    /* Each byte that isn't part of UTF-8 is shown by itself, and what follows it is still read. */
    (void)state;
    expect("\xff\xc3(", "\\xff\\xc3(");
    expect("\xc0\xaf", "\\xc0\\xaf");
    expect("\xe0\x80\x80x", "\\xe0\\x80\\x80x");
    expect("\xed\xa0\x80", "\\xed\\xa0\\x80");
    expect("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    expect("\xe2\x82", "\\xe2\\x82");
    expect("\x9b\x33m", "\\x9b"
                        "3m");
}

static void test_too_large(void **state)
{
    /* Text that doesn't fit once it is written out leaves the buffer as it was. */
    struct buf out = BUF_INIT(10);
    (void)state;
    assert_int_equal(buf_append_str(&out, "abc"), ERR_OK);
    assert_int_equal(visible_append(&out, SPAN("\x1b\x1b"), true), ERR_TOO_LARGE);
    assert_int_equal(out.len, 3);
    buf_free(&out);
}

static void test_value(void **state)
{
    /* A value is one line, cut with "..." where it is too long, never within an escape. */
    char text[2000];
    (void)state;
    assert_string_equal(visible_value(SPAN("a\nb")).text, "a\\x0ab");
    assert_string_equal(visible_value(SPAN("")).text, "");
    memset(text, '\x1b', sizeof(text));
    struct visible_value value = visible_value(span_of(text, sizeof(text)));
    size_t len = strlen(value.text);
    assert_true(len < sizeof(value.text));
    assert_string_equal(value.text + len - 7, "\\x1b...");
}

static void test_is_text(void **state)
{
    /* UTF-8 without zero bytes can be sent as text; nothing else can. */
    (void)state;
    assert_true(visible_is_text(SPAN("Ä\r\n\x1b[1m")));
    assert_true(visible_is_text(SPAN("")));
    assert_false(visible_is_text(SPAN("a\0b")));
    assert_false(visible_is_text(SPAN("caf\xe9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stays), cmocka_unit_test(test_controls),
        cmocka_unit_test(test_bidi),       cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_too_large),  cmocka_unit_test(test_value),
        cmocka_unit_test(test_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
