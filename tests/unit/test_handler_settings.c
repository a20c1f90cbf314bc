/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings: built in, then the file, then the command line; and what is wrong is told exactly. */
#include "handler/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/temporary.h"
#include "wire/frame.h"
#include "wire/limits.h"

#include "base/banned.h"

#define ARGUMENTS_MAX 8

static struct settings settings;
static char message[1024];

static void write_conf(const char *content)
{
    assert_int_equal(file_replace(AT_FDCWD, "test.conf", span_str(content), 0600), ERR_OK);
}

/* Reads the arguments, NULL-terminated, behind a program's name. */
static enum err read_arguments(const char *const arguments[])
{
    char copies[ARGUMENTS_MAX][256], name[] = "secmsg-handler";
    char *argv[ARGUMENTS_MAX + 2] = {name};
    int argc = 1;
    for (size_t i = 0; arguments[i]; i++) {
        assert_in_range(i, 0, ARGUMENTS_MAX - 1);
        assert_true(span_to_text(span_str(arguments[i]), copies[i], sizeof(copies[i])));
        argv[argc++] = copies[i];
    }
    message[0] = '\0';
    return settings_read(&settings, argc, argv, message, sizeof(message));
}

#define READ(...) read_arguments((const char *const[]){"--config=test.conf", __VA_ARGS__, NULL})

static int begin(void **state)
{
    (void)state;
    unsetenv("STATE_DIRECTORY");
    write_conf("");
    return 0;
}

static void everything_has_a_default(void **state)
{
    /* What --help says. */
    (void)state;
    assert_int_equal(READ(NULL), ERR_OK);
    assert_int_equal(settings.task, TASK_SERVE);
    assert_false(settings.is_plain);
    assert_string_equal(settings.store, "/var/lib/secmsg");
    assert_true(settings.hello_timeout == 10 && settings.login_timeout == 10);
    assert_true(settings.idle_timeout == 600 && settings.max_message == 4194304);
    assert_true(settings.quota.messages == 10000 && settings.quota.bytes == 268435456);
    assert_true(settings.quota.per_sender_percent == 25 && settings.quota.retention_days == 0);
    assert_int_equal(settings.max_load, 16);
    assert_int_equal(settings.registration, REGISTRATION_OPEN);
    assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
}

static void the_command_line_overrides_the_file(void **state)
{
    /* And the file the default; of two on the command line the later; --config may stand anywhere. */
    (void)state;
    write_conf("idle-timeout = 60\nhello-timeout = 5\nmax-message = 1M\nstore = /from/file\n"
               "registration = closed\nlog-level = error\n");
    static const char *const arguments[] =
        {"--store=/from/line",  "--hello-timeout",    "7", "--log-level=debug",
         "--log-level=warning", "--config=test.conf", NULL};
    assert_int_equal(read_arguments(arguments), ERR_OK);
    assert_string_equal(settings.store, "/from/line");
    assert_true(settings.hello_timeout == 7 && settings.idle_timeout == 60);
    assert_true(settings.login_timeout == 10 && settings.max_message == 1048576);
    assert_int_equal(settings.registration, REGISTRATION_CLOSED);
    assert_int_equal(settings.log_level, LOG_LEVEL_WARNING);
}

static void every_name_is_known_in_both_places(void **state)
{
    /* The same name and value, in the file and on the command line, end in the same settings. */
    (void)state;
    static const char *const both[][2] = {
        {"store", "/somewhere/else"},
        {"hello-timeout", "1"},
        {"login-timeout", "2"},
        {"idle-timeout", "86400"},
        {"registration", "invite"},
        {"max-message", "64M"},
        {"mailbox-messages", "3"},
        {"mailbox-bytes", "1G"},
        {"mailbox-per-sender", "100"},
        {"retention-days", "36500"},
        {"log-level", "debug"},
        {"max-connections", "4096"},
        {"max-connections-per-source", "1"},
        {"max-before-login-per-source", "1"},
        {"max-load", "0"},
        {"penalty-login", "0"},
        {"penalty-junk", "1"},
        {"penalty-grace", "86400"},
        {"penalty-min", "0"},
        {"penalty-max", "0"},
        {"penalty-exempt", "192.0.2.0/24 ::1"},
        {"registration-rate", "1"},
        {"registration-rate-per-source", "100000"},
        {"disk-reserve", "0"},
        {"confinement", "required"},
    };
    assert_int_equal(READ(NULL), ERR_OK);
    const struct settings defaults = settings;
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        char text[100];
        write_conf("");
        snprintf(text, sizeof(text), "--%s=%s", both[i][0], both[i][1]);
        assert_int_equal(READ(text), ERR_OK);
        const struct settings by_line = settings;
        assert_memory_not_equal(&by_line, &defaults, sizeof(settings));
        snprintf(text, sizeof(text), "%s = %s\n", both[i][0], both[i][1]);
        write_conf(text);
        assert_int_equal(READ(NULL), ERR_OK);
        assert_memory_equal(&by_line, &settings, sizeof(settings));
        assert_non_null(strstr(settings_help, both[i][0]));
    }
}

static void a_bad_value_is_refused_in_both_places(void **state)
{
    /* Out of bounds, no number, no such word, empty. */
    (void)state;
    static const char *const both[][2] =
        {{"hello-timeout", "0"},      {"hello-timeout", "86401"},    {"login-timeout", "-1"},
         {"idle-timeout", "ten"},     {"idle-timeout", ""},          {"max-message", "4095"},
         {"max-message", "65M"},      {"mailbox-messages", "0"},     {"mailbox-bytes", "4095"},
         {"mailbox-per-sender", "0"}, {"mailbox-per-sender", "101"}, {"retention-days", "36501"},
         {"disk-reserve", "1025G"},   {"max-load", "10001"},         {"registration", "Open"},
         {"registration", ""},        {"log-level", "loud"},         {"store", ""}};
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        char text[100];
        write_conf("");
        snprintf(text, sizeof(text), "--%s=%s", both[i][0], both[i][1]);
        assert_int_equal(READ(text), ERR_MALFORMED);
        assert_non_null(strstr(message, both[i][0]));
        snprintf(text, sizeof(text), "\n%s = %s\n", both[i][0], both[i][1]);
        write_conf(text);
        assert_int_equal(READ(NULL), ERR_DENIED);
        assert_non_null(strstr(message, "test.conf:2: "));
    }
}

static void a_wrong_command_line_is_told(void **state)
{
    /* An unknown option, a missing value, an argument too many, a value where there is none: each named. */
    (void)state;
    static const char *const wrong[] = {"--nonsense", "-x", "--store", "argument"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(READ(wrong[i]), ERR_MALFORMED);
        assert_non_null(strstr(message, wrong[i]));
        assert_non_null(strstr(message, "--help"));
    }
    assert_int_equal(READ("--store"), ERR_MALFORMED);
    assert_non_null(strstr(message, "its value is missing"));
    assert_int_equal(READ("--max-message=1"), ERR_MALFORMED);
    assert_string_equal(message, "--max-message: bad value \"1\": max-message takes a number from "
                                 "4096 to 67108864");
    assert_int_equal(READ("--plain=yes"), ERR_MALFORMED);
    assert_non_null(strstr(message, "--plain"));
    assert_int_equal(READ("--store=/x", "argument", "--plain"), ERR_MALFORMED);
    assert_non_null(strstr(message, "\"argument\""));
}

static void what_came_from_outside_is_escaped(void **state)
{
    /* An argument can't drive the terminal that shows the message. */
    (void)state;
    assert_int_equal(READ("\x1b[2J"), ERR_MALFORMED);
    assert_null(strchr(message, '\x1b'));
    assert_int_equal(READ("--idle-timeout=\x1b[2J"), ERR_MALFORMED);
    assert_null(strchr(message, '\x1b'));
    assert_int_equal(READ("--config=\x1b[2J"), ERR_NOT_FOUND);
    assert_null(strchr(message, '\x1b'));
}

static void a_wrong_file_is_told_with_its_line(void **state)
{
    /* What belongs to the command line alone is no name of the file. */
    (void)state;
    write_conf("# fine\nidle-timeout = 60\nplain = yes\n");
    assert_int_equal(READ(NULL), ERR_DENIED);
    assert_string_equal(
        message, "test.conf:3: unknown name \"plain\"; secmsg.conf(5) has the names there are");
    write_conf("config = other.conf\n");
    assert_int_equal(READ(NULL), ERR_DENIED);
    write_conf("nonsense\n");
    assert_int_equal(READ(NULL), ERR_DENIED);
    assert_non_null(strstr(message, "test.conf:1: "));
}

static void a_file_that_was_named_must_be_there(void **state)
{
    /* Unlike the default one; and it must be a file. */
    (void)state;
    static const char *const missing[] = {"--config=missing.conf", NULL};
    static const char *const directory[] = {"--config=.", NULL};
    assert_int_equal(read_arguments(missing), ERR_NOT_FOUND);
    assert_non_null(strstr(message, "missing.conf"));
    assert_int_equal(read_arguments(directory), ERR_IO);
    assert_true(message[0] != '\0');
}

static void the_wrong_line_wins_over_the_right_option(void **state)
{
    /* A file with an error is an error, though the command line would override it. */
    (void)state;
    write_conf("idle-timeout = never\n");
    assert_int_equal(READ("--idle-timeout=60"), ERR_DENIED);
}

static void systemd_says_where_the_store_is(void **state)
{
    /* The first of $STATE_DIRECTORY, unless it is set otherwise; empty is as if it weren't there. */
    (void)state;
    char path[5001];
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    assert_int_equal(READ(NULL), ERR_OK);
    assert_string_equal(settings.store, "/var/lib/one");
    assert_int_equal(READ("--store=/other"), ERR_OK);
    assert_string_equal(settings.store, "/other");
    setenv("STATE_DIRECTORY", "", 1);
    assert_int_equal(READ(NULL), ERR_OK);
    assert_string_equal(settings.store, "/var/lib/secmsg");
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    setenv("STATE_DIRECTORY", path, 1);
    assert_int_equal(READ(NULL), ERR_MALFORMED);
    assert_non_null(strstr(message, "STATE_DIRECTORY"));
}

static void the_tasks_are_chosen(void **state)
{
    /* --help and --version need no file; --plain and --fingerprint do. */
    (void)state;
    static const char *const help[] = {"--config=missing.conf", "--help", NULL};
    static const char *const version[] = {"--version", "--config=missing.conf", NULL};
    assert_int_equal(read_arguments(help), ERR_OK);
    assert_int_equal(settings.task, TASK_HELP);
    assert_int_equal(read_arguments(version), ERR_OK);
    assert_int_equal(settings.task, TASK_VERSION);
    assert_int_equal(READ("--fingerprint"), ERR_OK);
    assert_int_equal(settings.task, TASK_FINGERPRINT);
    assert_int_equal(READ("--plain"), ERR_OK);
    assert_true(settings.is_plain && settings.task == TASK_SERVE);
}

static void a_frame_holds_the_largest_message(void **state)
{
    /* max-frame is the line of a head of 512 bytes, an LF, and a body of max-message bytes. */
    (void)state;
    assert_int_equal(READ("--max-message=4096"), ERR_OK);
    assert_int_equal(settings_max_frame(&settings), frame_line_len(WIRE_HEAD_MAX + 1 + 4096));
    assert_string_equal(settings_registration_name(REGISTRATION_OPEN), "open");
    assert_string_equal(settings_registration_name(REGISTRATION_INVITE), "invite");
    assert_string_equal(settings_registration_name(REGISTRATION_CLOSED), "closed");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_has_a_default),
        TEST(the_command_line_overrides_the_file),
        TEST(every_name_is_known_in_both_places),
        TEST(a_bad_value_is_refused_in_both_places),
        TEST(a_wrong_command_line_is_told),
        TEST(what_came_from_outside_is_escaped),
        TEST(a_wrong_file_is_told_with_its_line),
        TEST(a_file_that_was_named_must_be_there),
        TEST(the_wrong_line_wins_over_the_right_option),
        TEST(systemd_says_where_the_store_is),
        TEST(the_tasks_are_chosen),
        TEST(a_frame_holds_the_largest_message),
    };
    return cmocka_run_group_tests(tests, temporary_enter, temporary_leave);
}
