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

static void expect_bytes(struct span text, const char *shown)
{
    struct buf out = BUF_INIT(4096);
    assert_int_equal(visible_append(&out, text), ERR_OK);
    assert_int_equal(buf_append_byte(&out, 0), ERR_OK);
    assert_string_equal((const char *)out.data, shown);
    buf_free(&out);
}

static void expect(const char *text, const char *shown)
{
    expect_bytes(span_str(text), shown);
}

static void test_text_stays(void **state)
{
    /* Letters of all scripts and emoji stay as they are, with the joiners that they need. */
    static const char text[] =
        "plain Ärger naïve 你好 שלום 👩‍👧 ❤️‍🔥 1️⃣ می‌خواهم "
        "\xf4\x8f\xbf\xbd~";
    (void)state;
    expect(text, text);
}

static void test_controls(void **state)
{
    /* C0, DEL and C1 are written out, LF and TAB too. */
    (void)state;
    expect("\x1b[2J\x07\r\b\x7f", "\\x1b[2J\\x07\\x0d\\x08\\x7f");
    expect("\xc2\x9b\x33m\xc2\x80\xc2\x9f\xc2\xa0", "<U+009B>3m<U+0080><U+009F>\xc2\xa0");
    expect_bytes(SPAN("a\0b"), "a\\x00b");
    expect_bytes(SPAN("a\n\tb"), "a\\x0a\\x09b");
}

/* One character, in UTF-8. */
static struct span encode(uint8_t out[static 4], uint32_t point)
{
    size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i > 1; i--, point >>= 6)
        out[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(leads[n] | point);
    return span_of(out, n);
}

static void test_invisible(void **state)
{
    /* What has no glyph is written out: all of Unicode's default ignorables and format controls, at both ends
     * of each range; their neighbours stay. */
    static const uint32_t hidden[] = {0x00ad,  0x034f,  0x061c,  0x115f,  0x1160,  0x17b4,
                                      0x17b5,  0x180b,  0x180e,  0x180f,  0x200b,  0x200c,
                                      0x200d,  0x200f,  0x2028,  0x202e,  0x2060,  0x2065,
                                      0x206f,  0x3164,  0xfe00,  0xfe0e,  0xfe0f,  0xfeff,
                                      0xffa0,  0xfff0,  0xfffb,  0x13430, 0x1343f, 0x1bca0,
                                      0x1bca3, 0x1d173, 0x1d17a, 0xe0000, 0xe0100, 0xe0fff};
    static const uint32_t seen[] = {0x00ac, 0x00ae, 0x0301, 0x115e, 0x1161, 0x200a, 0x2027, 0x202f,
                                    0x2070, 0x3163, 0xfdff, 0xfe10, 0xfffc, 0xfffd, 0x1d172};
    uint8_t bytes[4];
    char shown[16];
    (void)state;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        snprintf(shown, sizeof(shown), "<U+%04X>", (unsigned)hidden[i]);
        expect_bytes(encode(bytes, hidden[i]), shown);
    }
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        struct span text = encode(bytes, seen[i]);
        memcpy(shown, text.data, text.len);
        shown[text.len] = '\0';
        expect_bytes(text, shown);
    }
}

static void test_joiners_out_of_place(void **state)
{
    /* Joiners within ASCII, at an end or in a row, and emoji forms without a character, hide nothing. */
    (void)state;
    expect("pay\u200cpal", "pay<U+200C>pal");
    expect("é\u200d", "é<U+200D>");
    expect("é\u200d\u200dé", "é<U+200D><U+200D>é");
    expect("é\u200d\u200bé", "é<U+200D><U+200B>é");
    expect(" \ufe0f", " <U+FE0F>");
    expect("❤\ufe0f\ufe0f", "❤\ufe0f<U+FE0F>");
}

static void test_ascii(void **state)
{
    /* For a terminal that doesn't take UTF-8 everything beyond ASCII is written out. */
    (void)state;
    visible_want_ascii(true);
    expect("a~ Û31m 你", "a~ <U+00DB>31m <U+4F60>");
    expect("\xff\x1b", "\\xff\\x1b");
    assert_string_equal(visible_value(SPAN("né")).text, "n<U+00E9>");
    visible_want_ascii(false);
    expect("né", "né");
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
    assert_int_equal(visible_append(&out, SPAN("\x1b\x1b")), ERR_TOO_LARGE);
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
        cmocka_unit_test(test_text_stays),   cmocka_unit_test(test_controls),
        cmocka_unit_test(test_invisible),    cmocka_unit_test(test_joiners_out_of_place),
        cmocka_unit_test(test_ascii),        cmocka_unit_test(test_bidi),
        cmocka_unit_test(test_invalid_utf8), cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_value),        cmocka_unit_test(test_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
