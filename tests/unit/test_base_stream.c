/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines that are read: their limits, their ends, and how they may come. */
#include "base/stream.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "tests/unit/stream_fixture.h"

#include "base/banned.h"

static void lines_come_without_their_lf(void **state)
{
    /* One, an empty one, one with a zero byte and a CR, which are bytes like others. */
    (void)state;
    struct span line;
    send_bytes(SPAN("hello\n\na\0b\r\n"));
    assert_line("hello");
    assert_line("");
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_true(span_equal(line, SPAN("a\0b\r")));
    assert_no_line(ERR_TIMEOUT);
}

static void a_line_may_come_byte_by_byte(void **state)
{
    /* Each byte by itself: a time-out until the LF is there, and what came is kept. */
    (void)state;
    static const char text[] = "SECMSG 1 key";
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
            send_bytes(span_of(text + i, 1));
            assert_no_line(ERR_TIMEOUT);
            assert_false(stream_has_line(&s));
        }
        send_bytes(SPAN("\n"));
        assert_line(text);
    }
}

static void many_lines_may_come_at_once(void **state)
{
    /* Each is handed out once, in order; stream_has_line tells without reading. */
    (void)state;
    char text[16];
    struct buf all = BUF_INIT(60000);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(buf_printf(&all, "line %u\n", i), ERR_OK);
    send_bytes(buf_span(&all));
    assert_false(stream_has_line(&s));
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        assert_line(text);
    }
    assert_false(stream_has_line(&s));
    assert_no_line(ERR_TIMEOUT);
    buf_free(&all);
}

static void a_line_in_the_buffer_is_known(void **state)
{
    /* True while a whole line waits, false when only a part does. */
    (void)state;
    send_bytes(SPAN("a\nb\nc"));
    assert_line("a");
    assert_true(stream_has_line(&s));
    assert_line("b");
    assert_false(stream_has_line(&s));
    assert_no_line(ERR_TIMEOUT);
    assert_false(stream_has_line(&s));
    send_bytes(SPAN("\n"));
    assert_line("c");
}

static void a_line_of_the_limit_is_taken(void **state)
{
    /* Exactly max bytes with the LF: alone, behind another line, and in two pieces. */
    (void)state;
    struct span line;
    send_bytes(line_of(LIMIT, true));
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, LIMIT - 1);
    send_bytes(SPAN("a\n"));
    send_bytes(line_of(LIMIT, true));
    assert_line("a");
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, LIMIT - 1);
    send_bytes(line_of(LIMIT - 1, false));
    assert_no_line(ERR_TIMEOUT);
    send_bytes(SPAN("\n"));
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, LIMIT - 1);
}

static void a_longer_line_is_refused_with_its_lf(void **state)
{
    /* max + 1 bytes, the last an LF. */
    (void)state;
    send_bytes(line_of(LIMIT + 1, true));
    assert_no_line(ERR_TOO_LARGE);
}

static void a_longer_line_is_refused_without_its_lf(void **state)
{
    /* max bytes without an LF are too many already, and max + 1; more is not waited for. */
    (void)state;
    send_bytes(line_of(LIMIT, false));
    assert_no_line(ERR_TOO_LARGE);
    send_bytes(line_of(1, false));
    assert_no_line(ERR_TOO_LARGE);
}

static void a_longer_line_behind_another_is_refused(void **state)
{
    /* The limit is each line's, not the buffer's. */
    (void)state;
    send_bytes(SPAN("first\n"));
    send_bytes(line_of(LIMIT + 1, true));
    assert_line("first");
    assert_no_line(ERR_TOO_LARGE);
}

static void no_more_than_the_limit_is_buffered(void **state)
{
    /* Of a flood without LF the stream takes max bytes, and leaves the rest to the system. */
    (void)state;
    send_bytes(line_of(60000, false));
    assert_no_line(ERR_TOO_LARGE);
    assert_true(s.input.len <= LIMIT);
}

static void the_limit_may_change_between_lines(void **state)
{
    /* A long line is refused under the small limit and taken, whole, under the larger one. */
    (void)state;
    struct span line;
    send_bytes(SPAN("small\n"));
    send_bytes(line_of(1000, true));
    assert_line("small");
    assert_int_equal(stream_read_line(&s, 1000, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, 999);
}

static void a_line_longer_than_a_read_is_put_together(void **state)
{
    /* 150000 bytes through a descriptor that holds less. */
    (void)state;
    struct span line, whole = line_of(150000, true);
    size_t sent = 0;
    enum err e;
    do {
        size_t n = whole.len - sent < 4096 ? whole.len - sent : 4096;
        send_bytes(span_of(whole.data + sent, n));
        sent += n;
        e = stream_read_line(&s, 150000, PASSED, &line);
        assert_int_equal(e, sent < whole.len ? ERR_TIMEOUT : ERR_OK);
    } while (sent < whole.len);
    assert_int_equal(line.len, 149999);
    assert_memory_equal(line.data, whole.data, line.len);
}

static void an_end_between_lines_is_a_close(void **state)
{
    /* Lines that came before are handed out first; then, as often as asked: closed. */
    (void)state;
    send_bytes(SPAN("a\nb\n"));
    close_peer_out();
    assert_line("a");
    assert_line("b");
    assert_no_line(ERR_CLOSED);
    assert_no_line(ERR_CLOSED);
}

static void an_end_inside_a_line_is_no_close(void **state)
{
    /* A line that was cut is never taken for a whole one. */
    (void)state;
    send_bytes(SPAN("a\nb"));
    close_peer_out();
    assert_line("a");
    assert_no_line(ERR_INCOMPLETE);
    assert_no_line(ERR_INCOMPLETE);
}

static void an_end_at_once_is_a_close(void **state)
{
    /* A peer that connects and says nothing. */
    (void)state;
    close_peer_out();
    assert_no_line(ERR_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(lines_come_without_their_lf),
        BOTH(a_line_may_come_byte_by_byte),
        BOTH(many_lines_may_come_at_once),
        BOTH(a_line_in_the_buffer_is_known),
        BOTH(a_line_of_the_limit_is_taken),
        BOTH(a_longer_line_is_refused_with_its_lf),
        BOTH(a_longer_line_is_refused_without_its_lf),
        BOTH(a_longer_line_behind_another_is_refused),
        BOTH(no_more_than_the_limit_is_buffered),
        BOTH(the_limit_may_change_between_lines),
        BOTH(a_line_longer_than_a_read_is_put_together),
        BOTH(an_end_between_lines_is_a_close),
        BOTH(an_end_inside_a_line_is_no_close),
        BOTH(an_end_at_once_is_a_close),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
