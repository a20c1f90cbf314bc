/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines at the prompt are split as a shell would split them; nothing but ~/ is expanded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/arguments.h"

static void expect(const char *line, int argc, const char *const argv[])
{
    struct arguments arguments;
    assert_int_equal(arguments_split(&arguments, span_str(line), "/home/alice"), ERR_OK);
    assert_int_equal(arguments.argc, argc);
    for (int i = 0; i < argc; i++)
        assert_string_equal(arguments.argv[i], argv[i]);
    assert_null(arguments.argv[argc]);
    arguments_free(&arguments);
}

static void test_words(void **state)
{
    /* Blanks separate words; an empty line has none. */
    (void)state;
    expect("", 0, NULL);
    expect(" \t ", 0, NULL);
    expect(" send\tbob  -m x\r", 4, (const char *const[]){"send", "bob", "-m", "x"});
}

static void test_quotes(void **state)
{
    /* Quotes and backslashes keep blanks and each other; an empty word can be written. */
    (void)state;
    expect("a \"b c\" 'd \\ \"e'", 3, (const char *const[]){"a", "b c", "d \\ \"e"});
    expect("\"a\\\"b\" c\\ d e'f'g \"\"", 4, (const char *const[]){"a\"b", "c d", "efg", ""});
    expect("$HOME `ls` * ~ ; |", 6, (const char *const[]){"$HOME", "`ls`", "*", "~", ";", "|"});
}

static void test_home(void **state)
{
    /* An unquoted ~/ at the beginning of a word is the home, as in every shell; all others are what they are, and
     * without a home so is this one. */
    char line[8 * ARGUMENTS_MAX];
    struct arguments arguments;
    (void)state;
    expect("-f ~/x.pdf ~/", 3, (const char *const[]){"-f", "/home/alice/x.pdf", "/home/alice/"});
    expect("~/a\\ b ~/\"c d\"", 2, (const char *const[]){"/home/alice/a b", "/home/alice/c d"});
    expect("'~/x' \"~/x\" \\~/x a~/x ~bob/x ~ x=~/y", 7,
           (const char *const[]){"~/x", "~/x", "~/x", "a~/x", "~bob/x", "~", "x=~/y"});
    assert_int_equal(arguments_split(&arguments, span_str("~/x"), NULL), ERR_OK);
    assert_string_equal(arguments.argv[0], "~/x");
    arguments_free(&arguments);
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        memcpy(line + 3 * i, "~/ ", 3);
    assert_int_equal(arguments_split(&arguments, span_of(line, 3 * (size_t)ARGUMENTS_MAX),
                                     "/home/alice"),
                     ERR_OK);
    assert_string_equal(arguments.argv[0], "/home/alice/");
    assert_string_equal(arguments.argv[ARGUMENTS_MAX - 1], "/home/alice/");
    arguments_free(&arguments);
}

static void test_open_quotes(void **state)
{
    /* A quote that isn't closed, or a backslash at the end, is told. */
    static const char *const bad[] = {"\"", "a 'b", "a\"b c", "a \\", "\"a\\"};
    struct arguments arguments;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(arguments_split(&arguments, span_str(bad[i]), NULL), ERR_INCOMPLETE);
}

static void test_too_many(void **state)
{
    /* As many words as there is room for, and one more. */
    char line[2 * ARGUMENTS_MAX + 3];
    struct arguments arguments;
    (void)state;
    for (size_t i = 0; i < sizeof(line); i++)
        line[i] = i % 2 == 0 ? 'w' : ' ';
    assert_int_equal(arguments_split(&arguments, span_of(line, 2 * ARGUMENTS_MAX), NULL), ERR_OK);
    assert_int_equal(arguments.argc, ARGUMENTS_MAX);
    arguments_free(&arguments);
    assert_int_equal(arguments_split(&arguments, span_of(line, 2 * ARGUMENTS_MAX + 1), NULL),
                     ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_home),     cmocka_unit_test(test_open_quotes),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
