/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers, as a client takes them from a server that it doesn't trust. */
#include "wire/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID           "00112233445566778899aabbccddeeff"

static enum err parse(struct answer *answer, const char *head, bool has_body)
{
    return answer_parse(answer, span_str(head), has_body, has_body ? SPAN("body") : SPAN(""));
}

static void assert_refused(const char *head, bool has_body)
{
    struct answer answer;
    assert_int_equal(parse(&answer, head, has_body), ERR_MALFORMED);
}

static void ok_hands_out_its_rest_and_body(void **state)
{
    /* Nothing behind it, a number, an id, and with or without a body. */
    (void)state;
    static const char *const rests[] = {"", "3", ID, ID " duplicate"};
    for (size_t i = 0; i < COUNT(rests); i++)
        for (int has_body = 0; has_body < 2; has_body++) {
            struct answer answer;
            char head[100];
            snprintf(head, sizeof(head), "OK%s%s", *rests[i] ? " " : "", rests[i]);
            assert_int_equal(parse(&answer, head, has_body), ERR_OK);
            assert_int_equal(answer.kind, ANSWER_OK);
            assert_true(span_is(answer.rest, rests[i]));
            assert_int_equal(answer.has_body, has_body);
            assert_true(span_is(answer.body, has_body ? "body" : ""));
        }
}

static void empty_and_bye_stand_alone(void **state)
{
    /* Nothing behind them, and no body. */
    (void)state;
    struct answer answer;
    assert_int_equal(parse(&answer, "EMPTY", false), ERR_OK);
    assert_int_equal(answer.kind, ANSWER_EMPTY);
    assert_int_equal(parse(&answer, "BYE", false), ERR_OK);
    assert_int_equal(answer.kind, ANSWER_BYE);
    static const char *const refused[] = {"EMPTY ", "EMPTY 1", "BYE ", "BYE bye"};
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_refused(refused[i], false);
    assert_refused("EMPTY", true);
    assert_refused("BYE", true);
}

static void anything_else_is_no_answer(void **state)
{
    /* Other words, other case, nothing, spaces, a command. */
    (void)state;
    static const char *const refused[] = {"",         " ",     " OK",   "ok",       "Ok",
                                          "OKAY",     "OK\t1", "NO",    "PING",     "BYEBYE",
                                          "EMPTYING", "err x", "ERRor", "MESSAGES", "message"};
    struct answer answer;
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_refused(refused[i], false);
        assert_refused(refused[i], true);
    }
    assert_int_equal(answer_parse(&answer, span_of(NULL, 0), false, SPAN("")), ERR_MALFORMED);
    assert_int_equal(answer_parse(&answer, SPAN("OK\0"), false, SPAN("")), ERR_MALFORMED);
}

static void every_code_has_its_name(void **state)
{
    /* The protocol's list, both ways; what isn't on it is unknown. */
    (void)state;
    static const char *const names[] =
        {"version",      "bad-hello",     "busy",       "timeout",
         "tampered",     "rate-limited",  "internal",   "too-large",
         "bad-command",  "bad-state",     "bad-name",   "weak-secret",
         "bad-account",  "bad-identity",  "name-taken", "registration-closed",
         "bad-invite",   "auth-failed",   "no-user",    "no-identity",
         "bad-envelope", "bad-signature", "id-taken",   "mailbox-full",
         "storage-full"};
    assert_int_equal(COUNT(names), CODE_COUNT - 1);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct answer answer;
        char head[100];
        snprintf(head, sizeof(head), "ERR %s a text", names[i]);
        assert_int_equal(parse(&answer, head, false), ERR_OK);
        assert_int_equal(answer.kind, ANSWER_ERR);
        assert_int_equal(answer.code, i + 1);
        assert_string_equal(code_name(answer.code), names[i]);
        assert_true(span_is(answer.text, "a text"));
    }
    static const char *const unknown[] = {"none", "unknown", "Busy", "BUSY", "busy ", "bus", ""};
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_int_equal(code_from_name(span_str(unknown[i])), CODE_UNKNOWN);
    assert_string_equal(code_name(CODE_UNKNOWN), "unknown");
}

static void a_code_of_a_later_version_is_an_error_still(void **state)
{
    /* With the code as it was sent, and its text. */
    (void)state;
    struct answer answer;
    assert_int_equal(parse(&answer, "ERR quantum-doubt try yesterday", false), ERR_OK);
    assert_int_equal(answer.code, CODE_UNKNOWN);
    assert_true(span_is(answer.code_text, "quantum-doubt"));
    assert_true(span_is(answer.text, "try yesterday"));
}

static void an_error_needs_a_code_and_has_no_body(void **state)
{
    /* A text may be missing. */
    (void)state;
    struct answer answer;
    assert_int_equal(parse(&answer, "ERR busy", false), ERR_OK);
    assert_int_equal(answer.text.len, 0);
    assert_refused("ERR", false);
    assert_refused("ERR ", false);
    assert_refused("ERR  busy", false);
    assert_refused("ERR busy later", true);
}

static void limits_come_in_any_order(void **state)
{
    /* limit=, used= and retry-after= at the beginning of the text; the rest is for people. */
    (void)state;
    static const char *const orders[] = {"limit=20 used=19 retry-after=5 full",
                                         "limit=20 retry-after=5 used=19 full",
                                         "used=19 limit=20 retry-after=5 full",
                                         "used=19 retry-after=5 limit=20 full",
                                         "retry-after=5 limit=20 used=19 full",
                                         "retry-after=5 used=19 limit=20 full"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct answer answer;
        char head[100];
        snprintf(head, sizeof(head), "ERR mailbox-full %s", orders[i]);
        assert_int_equal(parse(&answer, head, false), ERR_OK);
        assert_true(answer.has_limit && answer.limit == 20);
        assert_true(answer.has_used && answer.used == 19);
        assert_true(answer.has_retry_after && answer.retry_after == 5);
        assert_true(span_is(answer.text, "full"));
    }
}

static void what_is_no_limit_is_text(void **state)
{
    /* Not a number, another name, not at the beginning: left in the text as it is. */
    (void)state;
    static const char *const texts[] = {"limit=",    "limit=x",
                                        "limit=-1",  "limit=01",
                                        "limit=1.5", "limits=1",
                                        "Limit=1",   "a limit=1",
                                        " limit=1",  "limit=9007199254740992",
                                        "=1",        "retry-after",
                                        "used= 1"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct answer answer;
        char head[100];
        snprintf(head, sizeof(head), "ERR busy %s", texts[i]);
        assert_int_equal(parse(&answer, head, false), ERR_OK);
        assert_false(answer.has_limit || answer.has_used || answer.has_retry_after);
        assert_true(span_is(answer.text, texts[i]));
    }
    struct answer answer;
    assert_int_equal(parse(&answer, "ERR too-large limit=4096", false), ERR_OK);
    assert_true(answer.has_limit && answer.limit == 4096 && !answer.has_used);
    assert_int_equal(answer.text.len, 0);
}

static void a_message_has_its_five_fields_and_a_body(void **state)
{
    /* As READ gives them. */
    (void)state;
    struct answer answer;
    assert_int_equal(parse(&answer, "MESSAGE " ID " alice 1795392000 signed 7", true), ERR_OK);
    assert_int_equal(answer.kind, ANSWER_MESSAGE);
    assert_true(span_is(answer.id, ID) && span_is(answer.sender, "alice"));
    assert_true(answer.time_stored == 1795392000 && answer.is_signed && answer.left == 7);
    assert_true(span_is(answer.body, "body"));
    assert_int_equal(parse(&answer, "MESSAGE " ID " bob 0 unsigned 0", true), ERR_OK);
    assert_false(answer.is_signed);
}

static void a_broken_message_line_is_refused(void **state)
{
    /* Each field missing, doubled, of another form; a field more; spaces; no body. */
    (void)state;
    static const char *const refused[] =
        {"MESSAGE",
         "MESSAGE ",
         "MESSAGE " ID,
         "MESSAGE " ID " alice",
         "MESSAGE " ID " alice 1",
         "MESSAGE " ID " alice 1 signed",
         "MESSAGE " ID " alice 1 signed ",
         "MESSAGE " ID " alice 1 signed 1 ",
         "MESSAGE " ID " alice 1 signed 1 1",
         "MESSAGE " ID " alice 1 signed  1",
         "MESSAGE  " ID " alice 1 signed 1",
         "MESSAGE " ID "0 alice 1 signed 1",
         "MESSAGE 00112233445566778899AABBCCDDEEFF alice 1 signed 1",
         "MESSAGE 00112233445566778899aabbccddeef alice 1 signed 1",
         "MESSAGE " ID " Alice 1 signed 1",
         "MESSAGE " ID " .alice 1 signed 1",
         "MESSAGE " ID "  1 signed 1",
         "MESSAGE " ID " alice -1 signed 1",
         "MESSAGE " ID " alice 01 signed 1",
         "MESSAGE " ID " alice x signed 1",
         "MESSAGE " ID " alice 9007199254740992 signed 1",
         "MESSAGE " ID " alice 1 Signed 1",
         "MESSAGE " ID " alice 1 sealed 1",
         "MESSAGE " ID " alice 1 signed -1",
         "MESSAGE " ID " alice 1 signed one"};
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_refused(refused[i], true);
    assert_refused("MESSAGE " ID " alice 1 signed 1", false);
}

static void a_count_is_one_number(void **state)
{
    /* OK and a number below 2^53, and nothing else. */
    (void)state;
    struct answer answer;
    uint64_t n;
    static const char *const refused[] = {"OK",     "OK ",
                                          "OK x",   "OK 1 ",
                                          "OK 1 2", "OK -1",
                                          "OK 01",  "OK  1",
                                          "OK 1.0", "OK 9007199254740992",
                                          "OK 1e3", "EMPTY",
                                          "BYE",    "ERR 1 2"};
    assert_int_equal(parse(&answer, "OK 0", false), ERR_OK);
    assert_int_equal(answer_count(&answer, &n), ERR_OK);
    assert_true(n == 0);
    assert_int_equal(parse(&answer, "OK 9007199254740991", true), ERR_OK);
    assert_int_equal(answer_count(&answer, &n), ERR_OK);
    assert_true(n == 9007199254740991);
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_int_equal(parse(&answer, refused[i], false), ERR_OK);
        assert_int_equal(answer_count(&answer, &n), ERR_MALFORMED);
    }
}

static void a_list_is_taken_line_by_line(void **state)
{
    /* Each line is one item; at the end there is none. */
    (void)state;
    struct answer_item item;
    struct span body = SPAN(ID " alice 1795392000 1500\n" ID " bob-2 0 0\n");
    assert_int_equal(answer_take_item(&body, &item), ERR_OK);
    assert_true(span_is(item.id, ID) && span_is(item.sender, "alice"));
    assert_true(item.time_stored == 1795392000 && item.bytes == 1500);
    assert_int_equal(answer_take_item(&body, &item), ERR_OK);
    assert_true(span_is(item.sender, "bob-2") && item.time_stored == 0 && item.bytes == 0);
    assert_int_equal(answer_take_item(&body, &item), ERR_NOT_FOUND);
    body = span_of(NULL, 0);
    assert_int_equal(answer_take_item(&body, &item), ERR_NOT_FOUND);
}

static void a_broken_list_line_is_refused(void **state)
{
    /* Cut, without LF, a field more or less, of another form. */
    (void)state;
    static const char *const refused[] = {"\n",
                                          ID "\n",
                                          ID " alice\n",
                                          ID " alice 1\n",
                                          ID " alice 1 \n",
                                          ID " alice 1 2",
                                          ID " alice 1 2 \n",
                                          ID " alice 1 2 3\n",
                                          ID "  alice 1 2\n",
                                          " " ID " alice 1 2\n",
                                          ID " alice 1 2\r\n",
                                          ID " ALICE 1 2\n",
                                          ID " alice x 2\n",
                                          ID " alice 1 x\n",
                                          "0" ID " alice 1 2\n",
                                          "\n" ID " alice 1 2\n"};
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct answer_item item;
        struct span body = span_str(refused[i]);
        assert_int_equal(answer_take_item(&body, &item), ERR_MALFORMED);
    }
}

static void the_protocols_codes_close(void **state)
{
    /* Those that the page lists as closing, and no others. */
    (void)state;
    static const enum code closing[] = {CODE_VERSION, CODE_BAD_HELLO, CODE_BUSY,
                                        CODE_TIMEOUT, CODE_TAMPERED,  CODE_RATE_LIMITED,
                                        CODE_INTERNAL};
    for (enum code code = CODE_NONE; code < CODE_COUNT; code++) {
        bool is_listed = false;
        for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
            is_listed |= closing[i] == code;
        assert_int_equal(code_is_closing(code), is_listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_protocols_codes_close),
        cmocka_unit_test(ok_hands_out_its_rest_and_body),
        cmocka_unit_test(empty_and_bye_stand_alone),
        cmocka_unit_test(anything_else_is_no_answer),
        cmocka_unit_test(every_code_has_its_name),
        cmocka_unit_test(a_code_of_a_later_version_is_an_error_still),
        cmocka_unit_test(an_error_needs_a_code_and_has_no_body),
        cmocka_unit_test(limits_come_in_any_order),
        cmocka_unit_test(what_is_no_limit_is_text),
        cmocka_unit_test(a_message_has_its_five_fields_and_a_body),
        cmocka_unit_test(a_broken_message_line_is_refused),
        cmocka_unit_test(a_count_is_one_number),
        cmocka_unit_test(a_list_is_taken_line_by_line),
        cmocka_unit_test(a_broken_list_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
