/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms of fields, and of the lines that objects are made of: what fits, and all around it. */
#include "crypto/field.h"

#include "vectors.h"

#include "base/banned.h"

#define LETTERS_31  "abcdefghijklmnopqrstuvwxyz01234"
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void user_names(void **state)
{
    /* 1-32 of a-z 0-9 . _ -, a letter or digit first. */
    (void)state;
    static const char *const good[] = {"a", "0", "alice", "a.b_c-d", "9-", LETTERS_31 "5"};
    static const char *const bad[] = {"",    ".a",  "_a",  "-a",    LETTERS_31 "56", "Alice",
                                      "a b", "a\n", "a\t", "a/b",   "a\\",           "\303\244",
                                      "a:",  " a",  "a ",  "a\x7f", "a@host"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(field_is_user(span_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(field_is_user(span_str(bad[i])));
    assert_false(field_is_user(span_of("a\0b", 3)));
    assert_false(field_is_user(span_of(NULL, 0)));
}

static void ids(void **state)
{
    /* 32 lower-case hex digits; a made one is one, and no two are alike. */
    (void)state;
    assert_true(field_is_id(SPAN("0123456789abcdef0123456789abcdef")));
    assert_false(field_is_id(SPAN("0123456789abcdef0123456789abcde")));
    assert_false(field_is_id(SPAN("0123456789abcdef0123456789abcdef0")));
    assert_false(field_is_id(SPAN("0123456789ABCDEF0123456789abcdef")));
    assert_false(field_is_id(SPAN("0123456789abcdeg0123456789abcdef")));
    assert_false(field_is_id(SPAN("0123456789abcdef0123456789abcde\0")));
    assert_false(field_is_id(SPAN("")));
    char a[FIELD_ID_SIZE], b[FIELD_ID_SIZE];
    field_make_id(a);
    field_make_id(b);
    assert_true(field_is_id(span_str(a)) && field_is_id(span_str(b)));
    assert_string_not_equal(a, b);
}

static void numbers(void **state)
{
    /* Decimal, no sign, no leading zero, below 2^53. */
    (void)state;
    uint64_t n = 7;
    assert_int_equal(field_number(SPAN("0"), &n), ERR_OK);
    assert_true(n == 0);
    assert_int_equal(field_number(SPAN("9007199254740991"), &n), ERR_OK);
    assert_true(n == (UINT64_C(1) << 53) - 1);
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "+1",
                                      "-1",
                                      " 1",
                                      "1 ",
                                      "1_0",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "1\n",
                                      "a",
                                      "9007199254740992",
                                      "18446744073709551616",
                                      "99999999999999999999999999999999999999999999999999",
                                      "\xd9\xa1"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(field_number(span_str(bad[i]), &n), ERR_MALFORMED);
    assert_int_equal(field_number(span_of("1\0", 2), &n), ERR_MALFORMED);
    assert_true(n == (UINT64_C(1) << 53) - 1);
}

static void types(void **state)
{
    /* token/token, 3-127 bytes. */
    (void)state;
    static const char *const good[] = {"a/b", "text/plain", "application/vnd.a+b-c.d", "0/-"};
    static const char *const bad[] = {"",      "a",      "a/",    "/a",          "//",
                                      "a/b/c", "Text/a", "a/b;c", "text/pl ain", "a/b\n",
                                      "text",  "a/\xc3", "ab/",   "/ab",         "a_b/c"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(field_is_type(span_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(field_is_type(span_str(bad[i])));
    char text[FIELD_TYPE_MAX + 1];
    memset(text, 'a', sizeof text);
    text[4] = '/';
    assert_true(field_is_type(span_of(text, FIELD_TYPE_MAX)));
    assert_false(field_is_type(span_of(text, FIELD_TYPE_MAX + 1)));
}

static void file_names(void **state)
{
    /* UTF-8 that names a file in this directory, shows nothing else, and isn't hidden. */
    (void)state;
    static const char *const good[] =
        {"a", "a b.txt", "a.b", "\xc3\xa4.txt", "\xf0\x9f\x90\x88", "~", "a..b", "\xc2\xa0"};
    static const char *const bad[] = {"",     ".",     "..",        ".a",
                                      "a/b",  "/",     "a\\b",      "a\nb",
                                      "\x1b", "a\x7f", "\xc2\x80",  "a\xc2\x9f",
                                      "\xff", "\xc3",  "a\xc0\xaf", "\xed\xa0\x80",
                                      "\t"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(field_is_file_name(span_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(field_is_file_name(span_str(bad[i])));
    assert_false(field_is_file_name(SPAN("a\0b")));
    char text[FIELD_NAME_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_true(field_is_file_name(span_of(text, FIELD_NAME_MAX)));
    assert_false(field_is_file_name(span_of(text, FIELD_NAME_MAX + 1)));
}

static void utf8(void **state)
{
    /* RFC 3629's boundaries: no overlong forms, no surrogates, nothing above U+10FFFF. */
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xc2",
                                      "\xe0\xa0",
                                      "\xf0\x90\x80",
                                      "\xc2\x41",
                                      "\xfe",
                                      "\xff"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(field_is_utf8(span_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(field_is_utf8(span_str(bad[i])));
    assert_true(field_is_utf8(span_of("a\0b", 3)));
}

static void lines(void **state)
{
    /* A line is taken only if it is the next one and whole; else nothing moves. */
    (void)state;
    struct span rest = SPAN("kind\nname: value\nempty: \n\ntail"), value;
    assert_int_equal(field_take_literal(&rest, "kin"), ERR_MALFORMED);
    assert_int_equal(field_take_literal(&rest, "kind\nname"), ERR_MALFORMED);
    assert_int_equal(field_take_literal(&rest, "kind"), ERR_OK);
    assert_int_equal(field_take_line(&rest, "empty", &value), ERR_MALFORMED);
    assert_int_equal(field_take_line(&rest, "name", &value), ERR_OK);
    assert_true(span_is(value, "value"));
    assert_int_equal(field_take_line(&rest, "empty", &value), ERR_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(field_take_literal(&rest, ""), ERR_OK);
    assert_int_equal(field_take_literal(&rest, "tail"), ERR_MALFORMED);
    assert_true(span_is(rest, "tail"));
    static const char *const bad[] =
        {"",          "a",         "a:",           "a: ",     "a: b",
         "a:b\n",     "a : b\n",   " a: b\n",      "A: b\n",  "a: b\r\n",
         "a: b\tc\n", "a: \x7f\n", "a: \x1b[0m\n", "aa: b\n", "\na: b\n"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        rest = span_str(bad[i]);
        assert_int_equal(field_take_line(&rest, "a", &value), ERR_MALFORMED);
        assert_true(span_is(rest, bad[i]));
    }
    rest = SPAN("a: b\0c\n");
    assert_int_equal(field_take_line(&rest, "a", &value), ERR_MALFORMED);
    rest = span_of(NULL, 0);
    assert_int_equal(field_take_line(&rest, "a", &value), ERR_MALFORMED);
    assert_int_equal(field_take_literal(&rest, ""), ERR_MALFORMED);
}

static void b64_lines(void **state)
{
    /* What is added is taken back; another length is refused, and a full buffer keeps what it had. */
    (void)state;
    struct buf text = BUF_INIT(20);
    uint8_t out[4];
    assert_int_equal(field_add_b64(&text, "a", SPAN("\xff\xfe\xfd")), ERR_OK);
    assert_true(span_is(buf_span(&text), "a: __79\n"));
    struct span rest = buf_span(&text);
    assert_int_equal(field_take_b64(&rest, "a", out, 4), ERR_MALFORMED);
    assert_int_equal(field_take_b64(&rest, "a", out, 2), ERR_MALFORMED);
    assert_int_equal(rest.len, text.len);
    assert_int_equal(field_take_b64(&rest, "a", out, 3), ERR_OK);
    assert_int_equal(rest.len, 0);
    assert_int_equal(field_add_line(&text, "name", SPAN("value is too long")), ERR_TOO_LARGE);
    assert_int_equal(text.len, 8);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_names), cmocka_unit_test(ids),        cmocka_unit_test(numbers),
        cmocka_unit_test(types),      cmocka_unit_test(file_names), cmocka_unit_test(utf8),
        cmocka_unit_test(lines),      cmocka_unit_test(b64_lines),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
