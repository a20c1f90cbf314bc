/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines for programs: one object each, ASCII, whatever others wrote. */
#include "vectors.h"

#include "client/json.h"

static void assert_line(struct json *json, const char *expected)
{
    struct buf line = BUF_INIT(4096);
    assert_int_equal(json_append(json, &line), ERR_OK);
    assert_true(span_is(buf_span(&line), expected));
    buf_free(&line);
}

static void test_members(void **state)
{
    /* Members stand in the order in which they were added, and the line ends with one LF. */
    struct json json;
    (void)state;
    json_begin(&json);
    json_add_string(&json, "z", "text");
    json_add_number(&json, "a", 9007199254740991);
    json_add_truth(&json, "b", true);
    json_add_truth(&json, "c", false);
    json_add_real(&json, "d", 0.5);
    assert_line(&json,
                "{\"z\":\"text\",\"a\":9007199254740991,\"b\":true,\"c\":false,\"d\":0.5}\n");
    json_begin(&json);
    assert_line(&json, "{}\n");
}

static void test_nothing_drives_a_terminal(void **state)
{
    /* Controls, DEL, C1, bidirectional marks and quotes are escaped; bytes that aren't UTF-8 become U+FFFD. */
    struct json json;
    (void)state;
    json_begin(&json);
    json_add_text(&json, "a", SPAN("\x1b[2J\x7f\n\"\\ \xc2\x9b\xe2\x80\xae"));
    json_add_text(&json, "b", SPAN("x\xff\xc3y\xed\xa0\x80"));
    json_add_text(&json, "c", SPAN(""));
    json_add_text(&json, "d", span_of(NULL, 0));
    assert_line(&json, "{\"a\":\"\\u001B[2J\\u007f\\n\\\"\\\\ \\u009B\\u202E\","
                       "\"b\":\"x\\uFFFD\\uFFFDy\\uFFFD\\uFFFD\\uFFFD\",\"c\":\"\",\"d\":\"\"}\n");
}

static void test_data(void **state)
{
    /* Text is text; a zero byte or a byte that isn't UTF-8 makes it base64. */
    struct json json;
    (void)state;
    json_begin(&json);
    json_add_data(&json, SPAN("hi \xc3\xbc"));
    assert_line(&json, "{\"text\":\"hi \\u00FC\"}\n");
    json_begin(&json);
    json_add_data(&json, SPAN("\xfb\xff"));
    assert_line(&json, "{\"base64\":\"-_8=\"}\n");
    json_begin(&json);
    json_add_data(&json, SPAN("a\0b"));
    assert_line(&json, "{\"base64\":\"YQBi\"}\n");
}

static void test_no_room(void **state)
{
    /* A line that doesn't fit is an error, and the object is gone all the same. */
    struct json json;
    struct buf line = BUF_INIT(10);
    (void)state;
    json_begin(&json);
    json_add_string(&json, "name", "a longer value");
    assert_int_equal(json_append(&json, &line), ERR_TOO_LARGE);
    assert_null(json.object);
    buf_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_nothing_drives_a_terminal),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
