/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of commands: each with exactly its fields and its body, and nothing nearly like it. */
#include "wire/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every form that the protocol's table gives. */
static const struct form {
    enum verb verb;
    const char *head;
    size_t n;
    bool has_body;
} forms[] = {
    {VERB_INFO, "INFO", 0, false},
    {VERB_SALT, "SALT alice", 1, false},
    {VERB_REGISTER, "REGISTER alice secret", 2, true},
    {VERB_REGISTER, "REGISTER alice secret invite", 3, true},
    {VERB_LOGIN, "LOGIN alice secret", 2, false},
    {VERB_PROVE, "PROVE alice", 1, true},
    {VERB_WHO, "WHO alice", 1, false},
    {VERB_COMPOSE, "COMPOSE bob 00112233445566778899aabbccddeeff", 2, true},
    {VERB_READ, "READ", 0, false},
    {VERB_ACK, "ACK", 0, true},
    {VERB_LIST, "LIST", 0, false},
    {VERB_WAIT, "WAIT 60", 1, false},
    {VERB_PASSWD, "PASSWD old new", 2, true},
    {VERB_DELETE, "DELETE secret", 1, false},
    {VERB_PING, "PING", 0, false},
    {VERB_EXIT, "EXIT", 0, false},
};

static enum err parse(struct command *command, const char *head, bool has_body)
{
    return command_parse(command, span_str(head), has_body, has_body ? SPAN("body") : SPAN(""));
}

static void assert_refused(const char *head, enum verb verb)
{
    struct command command;
    for (int has_body = 0; has_body < 2; has_body++) {
        assert_int_equal(parse(&command, head, has_body), ERR_MALFORMED);
        assert_int_equal(command.verb, verb);
    }
    assert_int_equal(command_parse_plain(&command, span_str(head)), ERR_MALFORMED);
    assert_int_equal(command.verb, verb);
}

static void every_form_of_the_table_is_taken(void **state)
{
    /* Verb, fields and body as the protocol has them. */
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct command command;
        assert_int_equal(parse(&command, forms[i].head, forms[i].has_body), ERR_OK);
        assert_int_equal(command.verb, forms[i].verb);
        assert_int_equal(command.n, forms[i].n);
        assert_true(span_is(command.body, forms[i].has_body ? "body" : ""));
    }
    struct command command;
    assert_int_equal(parse(&command, "REGISTER alice secret invite", true), ERR_OK);
    assert_true(span_is(command.fields[0], "alice"));
    assert_true(span_is(command.fields[1], "secret"));
    assert_true(span_is(command.fields[2], "invite"));
}

static void every_verb_has_its_name_and_usage(void **state)
{
    /* The name is what is parsed; the usage begins with it. */
    (void)state;
    for (enum verb verb = 0; verb < VERB_COUNT; verb++) {
        struct command command;
        const char *name = command_name(verb);
        assert_int_equal(strncmp(command_usage(verb), name, strlen(name)), 0);
        if (parse(&command, name, false))
            assert_int_equal(command.verb, verb);
    }
    assert_non_null(command_name(VERB_COUNT));
    assert_non_null(command_usage(VERB_COUNT));
}

static void a_body_is_there_exactly_where_it_belongs(void **state)
{
    /* Missing or unexpected; an empty one is one. */
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct command command;
        assert_int_equal(parse(&command, forms[i].head, !forms[i].has_body), ERR_MALFORMED);
        assert_int_equal(command.verb, forms[i].verb);
        enum err e = command_parse(&command, span_str(forms[i].head), true, SPAN(""));
        assert_int_equal(e, forms[i].has_body ? ERR_OK : ERR_MALFORMED);
    }
}

static void spaces_are_single_and_between(void **state)
{
    /* A double, leading or trailing one is an empty field, and none may be empty. */
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        char head[200];
        snprintf(head, sizeof(head), " %s", forms[i].head);
        assert_refused(head, VERB_COUNT);
        snprintf(head, sizeof(head), "%s ", forms[i].head);
        assert_refused(head, forms[i].verb);
        snprintf(head, sizeof(head), "%s", forms[i].head);
        for (char *space = strchr(head, ' '); space; space = strchr(space + 2, ' ')) {
            char doubled[200];
            snprintf(doubled, sizeof(doubled), "%.*s  %s", (int)(space - head), head, space + 1);
            assert_refused(doubled, forms[i].verb);
        }
    }
    assert_refused(" ", VERB_COUNT);
    assert_refused("", VERB_COUNT);
}

static void the_number_of_fields_is_right(void **state)
{
    /* One more than the most is refused, and one less than the least. */
    (void)state;
    static const char *const refused[] = {"INFO x",
                                          "SALT",
                                          "SALT a b",
                                          "REGISTER",
                                          "REGISTER a",
                                          "REGISTER a b c d",
                                          "LOGIN",
                                          "LOGIN a",
                                          "LOGIN a b c",
                                          "PROVE",
                                          "PROVE a b",
                                          "WHO",
                                          "WHO a b",
                                          "COMPOSE",
                                          "COMPOSE a b c",
                                          "READ x",
                                          "ACK x",
                                          "LIST 10",
                                          "WAIT",
                                          "WAIT 1 2",
                                          "PASSWD",
                                          "PASSWD a",
                                          "PASSWD a b c",
                                          "DELETE",
                                          "DELETE a b",
                                          "PING x",
                                          "EXIT now",
                                          "PING a b c d e f",
                                          "REGISTER a b c d e"};
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct command command;
        for (int has_body = 0; has_body < 2; has_body++)
            assert_int_equal(parse(&command, refused[i], has_body), ERR_MALFORMED);
        assert_int_equal(command_parse_plain(&command, span_str(refused[i])), ERR_MALFORMED);
        assert_int_not_equal(command.verb, VERB_COUNT);
    }
}

static void a_verb_is_exactly_its_name(void **state)
{
    /* Not in lower case, not cut, not longer, with no zero byte or tab in it. */
    (void)state;
    struct command command;
    static const char *const refused[] = {"ping", "Ping",   "PIN",  "PINGS",        "PING\t",
                                          "PO",   "INFO\r", "QUIT", "COMPOSE\tbob", "?"};
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_refused(refused[i], VERB_COUNT);
    assert_int_equal(command_parse(&command, SPAN("PING\0"), false, SPAN("")), ERR_MALFORMED);
    assert_int_equal(command_parse(&command, span_of(NULL, 0), false, SPAN("")), ERR_MALFORMED);
    assert_int_equal(command.verb, VERB_COUNT);
}

static void plain_mode_needs_no_id_and_has_no_bodies(void **state)
{
    /* The same heads as in frames, and COMPOSE with its recipient alone. */
    (void)state;
    struct command command;
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_int_equal(command_parse_plain(&command, span_str(forms[i].head)), ERR_OK);
        assert_int_equal(command.verb, forms[i].verb);
        assert_int_equal(command.n, forms[i].n);
        assert_int_equal(command.body.len, 0);
    }
    assert_int_equal(command_parse_plain(&command, SPAN("COMPOSE bob")), ERR_OK);
    assert_int_equal(command.n, 1);
    assert_int_equal(parse(&command, "COMPOSE bob", true), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_table_is_taken),
        cmocka_unit_test(every_verb_has_its_name_and_usage),
        cmocka_unit_test(a_body_is_there_exactly_where_it_belongs),
        cmocka_unit_test(spaces_are_single_and_between),
        cmocka_unit_test(the_number_of_fields_is_right),
        cmocka_unit_test(a_verb_is_exactly_its_name),
        cmocka_unit_test(plain_mode_needs_no_id_and_has_no_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
