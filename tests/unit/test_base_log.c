/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: its lines, byte by byte, as a reader of stderr gets them. Stderr is a socket that keeps
 * writes apart, so that a line in two writes would be seen as two. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/banned.h"

static int reader = -1;
static int real_stderr = -1;

static int capture(void **state)
{
    int fds[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) < 0)
        return -1;
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    reader = fds[0];
    return dup2(fds[1], STDERR_FILENO) < 0 || close(fds[1]) < 0;
}

static int release(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_open("-", LOG_LEVEL_INFO);
    close(reader);
    return dup2(real_stderr, STDERR_FILENO) < 0 || close(real_stderr) < 0;
}

/* The next write, as text; "" if there was none. */
static const char *written(void)
{
    static char text[4096];
    ssize_t n = recv(reader, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void a_line_is_session_event_and_fields(void **state)
{
    /* Session first, then event, then the fields; nothing but one LF behind them. */
    (void)state;
    log_event(LOG_LEVEL_INFO, "start", "n=%d", 1);
    assert_string_equal(written(), "- event=start n=1\n");
    log_open("0a1b2c3d", LOG_LEVEL_INFO);
    log_event(LOG_LEVEL_WARNING, "command", "verb=%s result=%s", "PING", "ok");
    assert_string_equal(written(), "0a1b2c3d event=command verb=PING result=ok\n");
    log_event(LOG_LEVEL_ERROR, "bare", "%s", "");
    assert_string_equal(written(), "0a1b2c3d event=bare\n");
    assert_string_equal(written(), "");
}

static void less_urgent_lines_are_left_out(void **state)
{
    /* A line is written if it is as urgent as asked for, or more. */
    (void)state;
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE,
                                            LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    for (size_t least = 0; least < 5; least++) {
        log_open("s", levels[least]);
        for (size_t i = 0; i < 5; i++) {
            log_event(levels[i], "e", "i=%zu", i);
            assert_int_equal(*written() != '\0', i <= least);
        }
    }
}

static void the_journal_gets_priorities(void **state)
{
    /* With $JOURNAL_STREAM naming stderr's device and inode, and no journal to connect to, each line begins with
     * <priority>. */
    (void)state;
    struct stat st;
    char name[64];
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", name, 1);
    log_open_at("s", LOG_LEVEL_DEBUG, "/nonexistent/socket");
    log_event(LOG_LEVEL_ERROR, "e", "n=1");
    assert_string_equal(written(), "<3>s event=e n=1\n");
    log_event(LOG_LEVEL_WARNING, "e", "n=1");
    assert_string_equal(written(), "<4>s event=e n=1\n");
    log_event(LOG_LEVEL_NOTICE, "e", "n=1");
    assert_string_equal(written(), "<5>s event=e n=1\n");
    log_event(LOG_LEVEL_INFO, "e", "n=1");
    assert_string_equal(written(), "<6>s event=e n=1\n");
    log_event(LOG_LEVEL_DEBUG, "e", "n=1");
    assert_string_equal(written(), "<7>s event=e n=1\n");
}

static void another_stream_gets_none(void **state)
{
    /* $JOURNAL_STREAM of somebody else's stderr, or nonsense: no prefix. */
    (void)state;
    static const char *const others[] = {"1:1", "", ":", "nonsense", "0:0:0"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        setenv("JOURNAL_STREAM", others[i], 1);
        log_open("s", LOG_LEVEL_INFO);
        log_event(LOG_LEVEL_INFO, "e", "n=1");
        assert_string_equal(written(), "s event=e n=1\n");
    }
}

static void a_line_has_at_most_1024_bytes(void **state)
{
    /* What is longer is cut, still one line, still one write. */
    (void)state;
    char field[2000];
    log_open("s", LOG_LEVEL_INFO);
    for (size_t n = 900; n < sizeof(field); n++) {
        memset(field, 'x', n);
        field[n] = '\0';
        log_event(LOG_LEVEL_INFO, "e", "v=%s", field);
        const char *line = written();
        size_t len = strlen(line), whole = strlen("s event=e v=\n") + n;
        assert_int_equal(len, whole < 1023 ? whole : 1023);
        assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    }
    assert_string_equal(written(), "");
}

static void a_lost_log_ends_nothing(void **state)
{
    /* Nobody reads stderr any more: log_event returns all the same. */
    (void)state;
    log_open("s", LOG_LEVEL_INFO);
    close(STDERR_FILENO);
    log_event(LOG_LEVEL_INFO, "e", "n=1");
    assert_string_equal(written(), "");
}

static void every_byte_is_escaped_or_plain(void **state)
{
    /* Printable ASCII but for space, quote, equals and backslash stands as it is; all else as \xNN. */
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        char expected[5];
        if (c > 0x20 && c < 0x7f && !strchr("\"=\\", (int)c))
            snprintf(expected, sizeof(expected), "%c", (int)c);
        else
            snprintf(expected, sizeof(expected), "\\x%02x", c);
        assert_string_equal(log_escape(span_of(&byte, 1)).text, expected);
    }
    assert_string_equal(log_escape(SPAN("")).text, "");
    assert_string_equal(log_escape(SPAN("a b\n<3>x=y\"")).text, "a\\x20b\\x0a<3>x\\x3dy\\x22");
}

static void a_flood_is_cut_and_told(void **state)
{
    /* Of many lines LOG_BURST are written; then how many weren't, and from then on all again. What was left out by its
     * level counts for nothing. */
    (void)state;
    unsigned seen = 0;
    log_open("s", LOG_LEVEL_INFO);
    log_limit(true);
    for (unsigned i = 0; i < 3 * LOG_BURST; i++) {
        log_event(LOG_LEVEL_DEBUG, "e", "i=%u", i);
        log_event(LOG_LEVEL_WARNING, "e", "i=%u", i);
        for (const char *line = written(); *line; line = written())
            seen += strstr(line, "event=e") != NULL;
    }
    assert_in_range(seen, LOG_BURST, 2 * LOG_BURST);
    log_limit(false);
    char expected[64];
    snprintf(expected, sizeof(expected), "s event=suppressed lines=%u\n", 3 * LOG_BURST - seen);
    assert_string_equal(written(), expected);
    for (unsigned i = 0; i < 2 * LOG_BURST; i++) {
        log_event(LOG_LEVEL_INFO, "e", "i=%u", i);
        assert_true(*written() != '\0');
    }
}

static void a_long_value_is_cut_visibly(void **state)
{
    /* Whatever its length, the text fits its room, is whole or ends with "...", and cuts no escape. */
    (void)state;
    uint8_t plain[400], control[400];
    memset(plain, 'x', sizeof(plain));
    memset(control, '\n', sizeof(control));
    for (size_t n = 0; n <= sizeof(plain); n++) {
        struct log_value p = log_escape(span_of(plain, n)), c = log_escape(span_of(control, n));
        size_t len = strlen(p.text), escaped = strlen(c.text);
        assert_true(len < sizeof(p.text) && escaped < sizeof(c.text));
        assert_true(len == n || strcmp(p.text + len - 3, "...") == 0);
        assert_true(escaped == 4 * n || strcmp(c.text + escaped - 3, "...") == 0);
        assert_int_equal(escaped % 4, escaped == 4 * n ? 0 : 3);
        if (n <= 150)
            assert_int_equal(len, n);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_session_event_and_fields),
        TEST(less_urgent_lines_are_left_out),
        TEST(the_journal_gets_priorities),
        TEST(another_stream_gets_none),
        TEST(a_line_has_at_most_1024_bytes),
        TEST(a_lost_log_ends_nothing),
        TEST(every_byte_is_escaped_or_plain),
        TEST(a_long_value_is_cut_visibly),
        TEST(a_flood_is_cut_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
