/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_client_program.c: what a program of `watch --exec` gets, and how its end is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/program.h"

#include "base/banned.h"

static const struct program_message letter = {.sender = "bob",
                                              .is_signed = true,
                                              .id = "0123456789abcdef0123456789abcdef",
                                              .type = "text/plain",
                                              .name = "$(false) a'b",
                                              .time = 1795392000};

static enum status run(const char *command, const char *text, bool is_signed)
{
    struct program_message message = letter;
    message.is_signed = is_signed;
    message.data = span_str(text);
    return program_run(command, &message);
}

/* The content is on stdin and all else in the environment, as it is. */
static void test_gets_the_message(void **state)
{
    (void)state;
    assert_int_equal(run("[ \"$(cat)\" = hello ] && [ \"$SECMSG_SENDER\" = bob ] &&"
                         "[ \"$SECMSG_ID\" = 0123456789abcdef0123456789abcdef ] &&"
                         "[ \"$SECMSG_TYPE\" = text/plain ] && [ \"$SECMSG_TIME\" = 1795392000 ] &&"
                         "[ \"$SECMSG_NAME\" = \"\\$(false) a'b\" ]",
                         "hello", true),
                     STATUS_OK);
    assert_null(getenv("SECMSG_ID"));
}

/* Who isn't proved to have sent it isn't called the sender, also if our own environment names one. */
static void test_unsigned_has_no_sender(void **state)
{
    (void)state;
    assert_int_equal(setenv("SECMSG_SENDER", "mallory", 1), 0);
    assert_int_equal(run("[ -z \"${SECMSG_SENDER+x}\" ] && [ \"$SECMSG_UNSIGNED_SENDER\" = bob ]",
                         "", false),
                     STATUS_OK);
    assert_int_equal(unsetenv("SECMSG_SENDER"), 0);
}

/* Only an end with 0 is a success: no other status, no signal, no missing program. */
static void test_other_ends_are_failures(void **state)
{
    (void)state;
    assert_int_equal(run("exit 0", "unread", true), STATUS_OK);
    assert_int_equal(run("exit 1", "", true), STATUS_TEMPORARY);
    assert_int_equal(run("kill -9 $$", "", true), STATUS_TEMPORARY);
    assert_int_equal(run("/no/such/program", "", true), STATUS_TEMPORARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gets_the_message),
        cmocka_unit_test(test_unsigned_has_no_sender),
        cmocka_unit_test(test_other_ends_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
