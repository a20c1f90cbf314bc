/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing but the beginning of a line of ours stands in a terminal's first column. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/page.h"

static void expect(size_t width, size_t indent, const char *lines, const char *rows)
{
    struct buf out = BUF_INIT(65536);
    assert_int_equal(page_append(&out, width, indent, span_str(lines)), ERR_OK);
    assert_int_equal(buf_append_byte(&out, 0), ERR_OK);
    assert_string_equal((const char *)out.data, rows);
    buf_free(&out);
}

static void test_lines(void **state)
{
    /* Without a terminal lines stay whole: indented, harmless, with LF at the end. */
    (void)state;
    expect(0, PAGE_INDENT, "one\n\ntwo", "  one\n\n  two\n");
    expect(0, 0, "From: alice\n", "From: alice\n");
    expect(0, PAGE_INDENT, "a\x1b[31m\r\n", "  a\\x1b[31m\\x0d\n");
    expect(0, 0, "", "");
}

static void test_tabs(void **state)
{
    /* TAB leads to the next multiple of eight within the line, in spaces. */
    (void)state;
    expect(0, PAGE_INDENT, "\ta\tb", "          a       b\n");
    expect(0, PAGE_INDENT, "12345678\tb", "  12345678        b\n");
    expect(0, 0, "1234567\tb", "1234567 b\n");
}

static void test_rows(void **state)
{
    /* A line that is too wide goes on indented, behind a space where there is one. */
    (void)state;
    expect(10, PAGE_INDENT, "12345678", "  12345678\n");
    expect(10, PAGE_INDENT, "123456789", "  12345678\n  9\n");
    expect(10, PAGE_INDENT, "one two three", "  one two \n  three\n");
    expect(10, 0, "From: alice", "From: \n  alice\n");
    expect(10, 0, "1234567890123456789", "1234567890\n  12345678\n  9\n");
    expect(10, PAGE_INDENT, "a 12345678901", "  a \n  12345678\n  901\n");
    expect(10, PAGE_INDENT, "1234\x1b[0m", "  1234\\x1b\n  [0m\n");
}

static void test_wide_characters(void **state)
{
    /* Characters of two columns count for two, and those of none for one: no row gets too wide. */
    (void)state;
    expect(10, PAGE_INDENT, "你好你好你", "  你好你好\n  你\n");
    expect(10, PAGE_INDENT, "a你好你好", "  a你好你\n  好\n");
    expect(4, PAGE_INDENT, "你好", "  你\n  好\n");
    expect(6, PAGE_INDENT,
           "e\xcc\x81"
           "e\xcc\x81"
           "e\xcc\x81",
           "  e\xcc\x81"
           "e\xcc\x81\n  e\xcc\x81\n");
}

static void test_never_in_the_first_column(void **state)
{
    /* Whatever a text holds and however wide the terminal is: each row is empty or indented, and fits. */
    static const char *const pieces[] = {"\t", " ", "From: alice", "x", "你", "\x1b", "é", "  "};
    char text[512];
    uint32_t random = 7;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct buf out = BUF_INIT(65536);
        size_t width = 4 + (size_t)round % 40;
        text[0] = '\0';
        for (size_t used = 0; used < 400; used = strlen(text)) {
            random = random * 1103515245 + 12345;
            const char *piece = pieces[random >> 16 & 7];
            memcpy(text + used, piece, strlen(piece) + 1);
        }
        assert_int_equal(page_append(&out, width, PAGE_INDENT, span_str(text)), ERR_OK);
        size_t column = 0;
        for (size_t i = 0; i < out.len; i++) {
            uint8_t byte = out.data[i];
            assert_true(column >= PAGE_INDENT || byte == ' ' || byte == '\n');
            if (byte == '\n')
                column = 0;
            else if (byte >> 6 != 2)
                column += byte >= 0xe0 ? 2 : 1;
            assert_true(column <= width);
        }
        buf_free(&out);
    }
}

static int enter(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL ? 0 : -1;
}

static void test_help(void **state)
{
    /* What was broken for 80 columns is joined where there are fewer, and only then; options stay in lines of their
     * own. */
    static const char help[] =
        "Sends it to each, and waits\nin the outbox. Then\nit goes.\n"
        "  -m TEXT    send it,\n             whole\n  -f FILE    a file\n\nMore:\n  --all\n";
    static const struct {
        size_t width;
        const char *rows;
    } cases[] = {
        {0, help},
        {80, help},
        {30, "Sends it to each, and waits \n  in the outbox. Then it goes.\n"
             "  -m TEXT    send it, whole\n  -f FILE    a file\n\nMore:\n  --all\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT(65536);
        assert_int_equal(page_append_help(&out, cases[i].width, span_str(help)), ERR_OK);
        assert_int_equal(buf_append_byte(&out, 0), ERR_OK);
        assert_string_equal((const char *)out.data, cases[i].rows);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_tabs),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_wide_characters),
        cmocka_unit_test(test_never_in_the_first_column),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
