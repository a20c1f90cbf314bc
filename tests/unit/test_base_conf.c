/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files: what is taken, and that everything wrong is told with file and line. */
#include "base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "tests/unit/temporary.h"

#include "base/banned.h"

/* What the setter was told, one `name=value;` after the other. */
static struct buf seen = {.max = 100000};

static enum err note(void *context, const char *name, const char *value)
{
    assert_ptr_equal(context, &seen);
    if (strcmp(name, "unknown") == 0)
        return ERR_NOT_FOUND;
    if (strcmp(value, "bad") == 0)
        return ERR_MALFORMED;
    return buf_printf(&seen, "%s=%s;", name, value);
}

static enum err read_conf(struct span content, char *message, size_t size)
{
    buf_free(&seen);
    message[0] = '\0';
    assert_int_equal(file_replace(AT_FDCWD, "test.conf", content, 0600), ERR_OK);
    return conf_read("test.conf", note, &seen, message, size);
}

static void settings_are_read_in_order(void **state)
{
    /* Comments, empty lines, white space at the ends, CR LF, and a last line without LF. */
    (void)state;
    char message[200];
    enum err e = read_conf(SPAN("# a comment\n"
                                "\n"
                                "  one = 1  \n"
                                "\ttwo=a value with = and # in it\r\n"
                                "   # indented comment = no setting\n"
                                "empty =\n"
                                "one = again"),
                           message, sizeof(message));
    assert_int_equal(e, ERR_OK);
    assert_true(span_is(buf_span(&seen), "one=1;two=a value with = and # in it;empty=;one=again;"));
}

static void an_empty_file_sets_nothing(void **state)
{
    /* No setting, no error. */
    (void)state;
    char message[200];
    assert_int_equal(read_conf(SPAN(""), message, sizeof(message)), ERR_OK);
    assert_int_equal(seen.len, 0);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    /* The first wrong line ends it, and nothing behind it is set. */
    (void)state;
    static const struct {
        const char *content, *message;
    } table[] = {
        {"a = 1\nno equals sign\nb = 2\n", "test.conf:2: expected `name = value`"},
        {"unknown = 1\n",
         "test.conf:1: unknown name \"unknown\"; secmsg.conf(5) has the names there are"},
        {"a = 1\n\n#\nb = bad", "test.conf:4: bad value of \"b\""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char message[200];
        enum err e = read_conf(span_str(table[i].content), message, sizeof(message));
        assert_int_equal(e, ERR_MALFORMED);
        assert_string_equal(message, table[i].message);
    }
}

static void a_zero_byte_is_refused(void **state)
{
    /* Nothing of a file with one is set, since no line after it could be told from its rest. */
    (void)state;
    char message[200];
    assert_int_equal(read_conf(SPAN("a = 1\0\nb = 2\n"), message, sizeof(message)), ERR_MALFORMED);
    assert_int_equal(seen.len, 0);
    assert_non_null(strstr(message, "test.conf: "));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    /* Missing, a directory, and too large. */
    (void)state;
    char message[200];
    static uint8_t large[65537];
    assert_int_equal(conf_read("missing.conf", note, &seen, message, sizeof(message)),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(message, "missing.conf: "));
    assert_int_equal(conf_read(".", note, &seen, message, sizeof(message)), ERR_IO);
    assert_non_null(strstr(message, "directory"));
    memset(large, '#', sizeof(large));
    assert_int_equal(read_conf(span_of(large, sizeof(large)), message, sizeof(message)),
                     ERR_TOO_LARGE);
    assert_non_null(strstr(message, "test.conf: too large"));
}

static void a_message_is_cut_to_its_room(void **state)
{
    /* size bounds it, and it ends with a zero. */
    (void)state;
    char message[12];
    assert_int_equal(read_conf(SPAN("nonsense"), message, sizeof(message)), ERR_MALFORMED);
    assert_string_equal(message, "test.conf:1");
}

static void numbers_have_one_form(void **state)
{
    /* Digits, at most one suffix, within the bounds; nothing else, and *number as it was then. */
    (void)state;
    static const struct {
        const char *value;
        uint64_t number;
    } good[] = {{"0", 0},
                {"10", 10},
                {"007", 7},
                {"4K", 4096},
                {"3M", 3145728},
                {"1G", 1073741824},
                {"999999999999999", 999999999999999}};
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.5",
                                      "0x10",
                                      "K",
                                      "1k",
                                      "1KB",
                                      "1KK",
                                      "1T",
                                      "1e3",
                                      "１",
                                      "99999999999999999999",
                                      "9999999999999999",
                                      "1,000",
                                      "ten",
                                      "1\n",
                                      "999999999999999G"};
    uint64_t n = 77;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(conf_number(good[i].value, 0, UINT64_MAX, &n), ERR_OK);
        assert_true(n == good[i].number);
    }
    n = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(conf_number(bad[i], 0, UINT64_MAX, &n), ERR_MALFORMED);
    assert_true(n == 77);
}

static void numbers_keep_to_their_bounds(void **state)
{
    /* Both bounds are inside; the suffix counts. */
    (void)state;
    uint64_t n;
    assert_int_equal(conf_number("5", 5, 2048, &n), ERR_OK);
    assert_int_equal(conf_number("4", 5, 2048, &n), ERR_MALFORMED);
    assert_int_equal(conf_number("2K", 5, 2048, &n), ERR_OK);
    assert_int_equal(conf_number("2049", 5, 2048, &n), ERR_MALFORMED);
    assert_int_equal(conf_number("3K", 5, 2048, &n), ERR_MALFORMED);
}

static int leave(void **state)
{
    buf_free(&seen);
    return temporary_leave(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_in_order),
        cmocka_unit_test(an_empty_file_sets_nothing),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_message_is_cut_to_its_room),
        cmocka_unit_test(numbers_have_one_form),
        cmocka_unit_test(numbers_keep_to_their_bounds),
    };
    return cmocka_run_group_tests(tests, temporary_enter, leave);
}
