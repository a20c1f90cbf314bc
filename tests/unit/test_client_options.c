/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: words and options in any order, and every wrong one refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/options.h"

#define MOST 8

/* Words apart by spaces. */
static enum status parse(struct options *options, const char *line,
                         char taken[static OPTIONS_TAKEN_SIZE])
{
    static char text[256];
    char *argv[MOST + 1] = {NULL}, *at = text;
    int argc = 0, first = 0;
    (void)snprintf(text, sizeof(text), "secmsg %s", line);
    for (char *word; argc < MOST && (word = strsep(&at, " ")) != NULL;)
        argv[argc++] = word;
    return options_parse(options, argc, argv, &first, taken);
}

static enum status parse_new(struct options *options, const char *line)
{
    char taken[OPTIONS_TAKEN_SIZE];
    options_defaults(options);
    return parse(options, line, taken);
}

static void test_times(void **state)
{
    /* A time is a number from 1 and one of s, m, h, d, at most 30 days. */
    static const char *const bad[] =
        {"", "5", "m", "0m", "1x", "1M", "-1h", "1.5h", "31d", "721h", "18446744073709551615d"};
    struct options options;
    char line[64];
    (void)state;
    assert_int_equal(parse_new(&options, "login --remember 90s"), STATUS_OK);
    assert_int_equal(options.remember, 90);
    assert_int_equal(parse_new(&options, "login --remember 30m"), STATUS_OK);
    assert_int_equal(options.remember, 1800);
    assert_int_equal(parse_new(&options, "login --remember 8h"), STATUS_OK);
    assert_int_equal(options.remember, 28800);
    assert_int_equal(parse_new(&options, "login --remember 30d"), STATUS_OK);
    assert_int_equal(options.remember, 2592000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(line, sizeof(line), "--remember=%s login", bad[i]);
        assert_int_equal(parse_new(&options, line), STATUS_USAGE);
    }
}

static void test_servers(void **state)
{
    /* A server or a command: what comes later replaces what was there before, and both at once are refused. */
    struct options options;
    char taken[OPTIONS_TAKEN_SIZE];
    (void)state;
    assert_int_equal(parse_new(&options, "--server a --exec b ping"), STATUS_USAGE);
    assert_int_equal(parse_new(&options, "--server a ping"), STATUS_OK);
    assert_string_equal(options.server, "a");
    assert_null(options.exec);
    options.server = NULL;
    options.exec = "command";
    assert_int_equal(parse(&options, "--server a ping", taken), STATUS_OK);
    assert_string_equal(options.server, "a");
    assert_null(options.exec);
    options.server = NULL;
    options.exec = "command";
    assert_int_equal(parse(&options, "ping", taken), STATUS_OK);
    assert_string_equal(options.exec, "command");
}

static void test_descriptors(void **state)
{
    /* Descriptors to read from are open, and not those that are written to. */
    static const char *const bad[] = {"1", "2", "-1", "x", "3x", "1048577"};
    struct options options;
    char line[64];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(line, sizeof(line), "--password-fd=%s ping", bad[i]);
        assert_int_equal(parse_new(&options, line), STATUS_USAGE);
        (void)snprintf(line, sizeof(line), "--new-password-fd=%s passwd", bad[i]);
        assert_int_equal(parse_new(&options, line), STATUS_USAGE);
    }
    assert_int_equal(parse_new(&options, "--new-password-fd 1000 passwd"), STATUS_NO_INPUT);
    assert_int_equal(parse_new(&options, "passwd"), STATUS_OK);
    assert_int_equal(options.new_password_fd, -1);
    assert_int_equal(options.password_fd, -1);
}

static void test_own_options(void **state)
{
    /* What only some words take is noted by its letter, once, and refused for all others. */
    struct options options;
    char taken[OPTIONS_TAKEN_SIZE];
    (void)state;
    options_defaults(&options);
    assert_int_equal(parse(&options, "delete-account --yes a --yes b --json", taken), STATUS_OK);
    assert_string_equal(taken, "y");
    assert_string_equal(options.yes, "b");
    assert_true(options.is_json);
    assert_int_equal(options_check("delete-account", "y", taken), STATUS_OK);
    assert_int_equal(options_check("ping", "", taken), STATUS_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_own_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
