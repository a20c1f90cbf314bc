/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines over pipes and sockets. Nothing here waits for time to pass: what a call is to find is there
 * before it, so a deadline that has passed is enough, and where it must find nothing, it says so at once. */
#include "base/stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#include "base/banned.h"

#define PASSED ((uint64_t)0) /* a deadline: look, and don't wait */
#define LIMIT  ((size_t)64)

/* A stream and its peer's two ends; for sockets they are the same. */
static struct stream s;
static int peer_in = -1, peer_out = -1;

static int open_socket(void **state)
{
    int fds[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return -1;
    peer_in = peer_out = fds[1];
    return stream_open(&s, fds[0], fds[0], 1000000) != ERR_OK;
}

static int open_pipes(void **state)
{
    int to[2], from[2];
    (void)state;
    if (pipe(to) < 0 || pipe(from) < 0)
        return -1;
    peer_out = to[1];
    peer_in = from[0];
    return stream_open(&s, to[0], from[1], 1000000) != ERR_OK;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int close_all(void **state)
{
    (void)state;
    if (peer_in == peer_out)
        peer_in = -1;
    close_end(&peer_in);
    close_end(&peer_out);
    stream_free(&s);
    close(s.in);
    if (s.out != s.in)
        close(s.out);
    return 0;
}

static void close_peer_out(void)
{
    if (peer_in == peer_out)
        peer_in = -1;
    close_end(&peer_out);
}

static void send_bytes(struct span bytes)
{
    assert_int_equal(write(peer_out, bytes.data, bytes.len), bytes.len);
}

static void assert_line(const char *text)
{
    struct span line;
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, strlen(text));
    assert_memory_equal(line.data, text, line.len);
}

static void assert_no_line(enum err expected)
{
    struct span line;
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), expected);
}

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

/* A line of n bytes in all, with or without its LF. */
static struct span line_of(size_t n, bool has_end)
{
    static uint8_t bytes[200000];
    memset(bytes, 'x', n);
    if (has_end)
        bytes[n - 1] = '\n';
    return span_of(bytes, n);
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

static void what_is_written_arrives(void **state)
{
    /* output goes out whole and is empty then; flushing nothing is fine. */
    (void)state;
    char got[100];
    assert_int_equal(stream_flush(&s, PASSED), ERR_OK);
    assert_int_equal(buf_append_str(&s.output, "OK 1\nOK 2\n"), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_OK);
    assert_int_equal(s.output.len, 0);
    assert_int_equal(read(peer_in, got, sizeof(got)), 10);
    assert_memory_equal(got, "OK 1\nOK 2\n", 10);
}

static void descriptors_get_their_flags_back(void **state)
{
    /* Non-blocking while the stream is open, and as before afterwards: also two of one description, as a
     * handler's stdin and stdout are. */
    (void)state;
    struct stream other;
    int twin = dup(peer_in);
    assert_true(fcntl(s.in, F_GETFL) & O_NONBLOCK);
    assert_int_equal(stream_open(&other, peer_in, twin, 100), ERR_OK);
    assert_true(fcntl(peer_in, F_GETFL) & O_NONBLOCK);
    stream_free(&other);
    assert_false(fcntl(peer_in, F_GETFL) & O_NONBLOCK);
    assert_int_equal(fcntl(twin, F_SETFL, fcntl(twin, F_GETFL) | O_NONBLOCK), 0);
    assert_int_equal(stream_open(&other, peer_in, twin, 100), ERR_OK);
    stream_free(&other);
    assert_true(fcntl(peer_in, F_GETFL) & O_NONBLOCK);
    close(twin);
}

static void output_is_bounded(void **state)
{
    /* As stream_open was told. */
    (void)state;
    struct span content = line_of(200000, false);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(buf_append_span(&s.output, content), ERR_OK);
    assert_int_equal(buf_append_byte(&s.output, 'x'), ERR_TOO_LARGE);
}

static size_t drain(void)
{
    static uint8_t sink[65536];
    size_t total = 0;
    for (ssize_t n; (n = recv(peer_in, sink, sizeof(sink), MSG_DONTWAIT)) > 0;)
        total += (size_t)n;
    return total;
}

static void a_slow_reader_gets_everything_in_time(void **state)
{
    /* A flush that times out keeps what wasn't written, and the next one goes on there. */
    (void)state;
    size_t total = 0;
    enum err e;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(buf_append_span(&s.output, line_of(200000, true)), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_TIMEOUT);
    do {
        e = stream_flush(&s, PASSED);
        total += drain();
    } while (e == ERR_TIMEOUT);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(total, 1000000);
}

/* Fills the way to the stream with short lines, until it takes no more; returns how many. */
static unsigned flood(void)
{
    static const char line[] = "0123456789abcde\n";
    unsigned n = 0;
    while (send(peer_out, line, 16, MSG_DONTWAIT) == 16)
        n++;
    return n;
}

static void a_writing_peer_is_read_while_it_does_not_read(void **state)
{
    /* Both sides have filled their way: with reads_ahead ours takes in what came, so the peer gets on. */
    (void)state;
    unsigned lines = flood();
    assert_true(lines > 100);
    s.reads_ahead = true;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(buf_append_span(&s.output, line_of(200000, true)), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_TIMEOUT);
    assert_int_equal(s.input.len, 16 * lines);
    assert_true(flood() > 0);
    for (unsigned i = 0; i < lines; i++)
        assert_line("0123456789abcde");
}

static void input_stays_where_it_is_without_reads_ahead(void **state)
{
    /* The server's side: a peer that doesn't read can't make it buffer. */
    (void)state;
    flood();
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(buf_append_span(&s.output, line_of(200000, true)), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_TIMEOUT);
    assert_int_equal(s.input.len, 0);
}

static void writing_to_nobody_is_a_close(void **state)
{
    /* The peer has gone; SIGPIPE is the program's to ignore. */
    (void)state;
    close_peer_out();
    close_end(&peer_in);
    assert_int_equal(buf_append_str(&s.output, "x"), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_CLOSED);
}

static void a_peer_that_has_gone_can_still_be_read(void **state)
{
    /* What it said last is there although writing fails. */
    (void)state;
    send_bytes(SPAN("ERR busy later\n"));
    close_peer_out();
    close_end(&peer_in);
    assert_int_equal(buf_append_str(&s.output, "x"), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_CLOSED);
    assert_line("ERR busy later");
    assert_no_line(ERR_CLOSED);
}

static int stop[2];

static void open_stop(void)
{
    assert_int_equal(pipe(stop), 0);
    s.stop_fd = stop[0];
}

static void raise_stop(void)
{
    assert_int_equal(write(stop[1], "x", 1), 1);
}

static void lower_stop(void)
{
    char byte;
    assert_int_equal(read(stop[0], &byte, 1), 1);
}

static void close_stop(void)
{
    close(stop[0]);
    close(stop[1]);
}

static void a_stop_ends_every_wait(void **state)
{
    /* One that came before the wait does too; what was read is kept, and reading can go on. */
    (void)state;
    struct span line;
    open_stop();
    send_bytes(SPAN("begun"));
    assert_no_line(ERR_TIMEOUT);
    raise_stop();
    assert_int_equal(stream_read_line(&s, LIMIT, CLOCK_NEVER, &line), ERR_STOPPED);
    assert_int_equal(stream_wait_other(&s, -1, CLOCK_NEVER), ERR_STOPPED);
    lower_stop();
    send_bytes(SPAN(" and ended\n"));
    assert_line("begun and ended");
    close_stop();
}

static void a_stop_is_seen_though_there_is_input(void **state)
{
    /* A peer that never stops sending can't keep the program from ending; whole lines are still read. */
    (void)state;
    struct span line;
    open_stop();
    send_bytes(SPAN("one\ntwo"));
    assert_line("one");
    send_bytes(SPAN(" and more"));
    raise_stop();
    assert_int_equal(stream_read_line(&s, LIMIT, CLOCK_NEVER, &line), ERR_STOPPED);
    close_stop();
}

static void a_stop_ends_a_wait_to_write(void **state)
{
    /* A peer that doesn't read can't keep the program from ending. */
    (void)state;
    open_stop();
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(buf_append_span(&s.output, line_of(200000, true)), ERR_OK);
    raise_stop();
    assert_int_equal(stream_flush(&s, CLOCK_NEVER), ERR_STOPPED);
    close_stop();
}

static void waiting_ends_when_the_other_is_ready(void **state)
{
    /* The other descriptor is looked at, and not read; the stream's own input doesn't matter. */
    (void)state;
    int other[2];
    char byte;
    assert_int_equal(pipe(other), 0);
    send_bytes(SPAN("PING\n"));
    assert_int_equal(stream_wait_other(&s, other[0], PASSED), ERR_TIMEOUT);
    assert_int_equal(stream_wait_other(&s, -1, PASSED), ERR_TIMEOUT);
    assert_int_equal(write(other[1], "x", 1), 1);
    assert_int_equal(stream_wait_other(&s, other[0], PASSED), ERR_OK);
    assert_int_equal(read(other[0], &byte, 1), 1);
    assert_int_equal(stream_wait_other(&s, other[0], PASSED), ERR_TIMEOUT);
    assert_line("PING");
    close(other[0]);
    close(other[1]);
}

static void waiting_ends_when_a_socket_is_closed(void **state)
{
    /* Also when the peer said something before, and nobody has read it. */
    (void)state;
    send_bytes(SPAN("PING\n"));
    close_peer_out();
    assert_int_equal(stream_wait_other(&s, -1, CLOCK_NEVER), ERR_CLOSED);
    assert_line("PING");
}

static void waiting_ends_when_nobody_reads_our_pipe(void **state)
{
    /* The writer of a pipe is told that its reader has gone. */
    (void)state;
    close_end(&peer_in);
    assert_int_equal(stream_wait_other(&s, -1, CLOCK_NEVER), ERR_CLOSED);
}

static void the_end_of_a_pipes_writer_does_not_end_a_wait(void **state)
{
    /* `printf ... | secmsg-handler --plain` has said all it will, and still reads. */
    (void)state;
    close_end(&peer_out);
    assert_int_equal(stream_wait_other(&s, -1, PASSED), ERR_TIMEOUT);
    close_end(&peer_in);
    assert_int_equal(stream_wait_other(&s, -1, CLOCK_NEVER), ERR_CLOSED);
}

static void lingering_says_the_end_and_discards_input(void **state)
{
    /* The peer reads our last line and our end, though it had sent what nobody read. */
    (void)state;
    char got[100];
    send_bytes(line_of(60000, true));
    assert_int_equal(buf_append_str(&s.output, "BYE\n"), ERR_OK);
    assert_int_equal(stream_flush(&s, PASSED), ERR_OK);
    stream_linger(&s, PASSED);
    assert_int_equal(read(peer_in, got, sizeof(got)), 4);
    assert_int_equal(read(peer_in, got, sizeof(got)), 0);
    assert_int_equal(recv(s.in, got, sizeof(got), MSG_DONTWAIT), -1);
}

static void lingering_ends_with_the_peer(void **state)
{
    /* Once the other side has closed there is nothing to wait for, however late the deadline. */
    (void)state;
    send_bytes(line_of(60000, true));
    close_peer_out();
    stream_linger(&s, CLOCK_NEVER);
    assert_true(s.at_end);
}

static void a_pipe_is_not_lingered_on(void **state)
{
    /* It can't be shut: the peer sees the end when the process exits. */
    (void)state;
    send_bytes(SPAN("x\n"));
    stream_linger(&s, CLOCK_NEVER);
    assert_line("x");
}

#define SOCKET(name) cmocka_unit_test_setup_teardown(name, open_socket, close_all)
#define PIPES(name)  cmocka_unit_test_setup_teardown(name, open_pipes, close_all)
#define BOTH(name)   SOCKET(name), PIPES(name)

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
        BOTH(what_is_written_arrives),
        BOTH(descriptors_get_their_flags_back),
        BOTH(output_is_bounded),
        SOCKET(a_slow_reader_gets_everything_in_time),
        SOCKET(a_writing_peer_is_read_while_it_does_not_read),
        SOCKET(input_stays_where_it_is_without_reads_ahead),
        BOTH(writing_to_nobody_is_a_close),
        BOTH(a_peer_that_has_gone_can_still_be_read),
        BOTH(a_stop_ends_every_wait),
        BOTH(a_stop_is_seen_though_there_is_input),
        BOTH(a_stop_ends_a_wait_to_write),
        BOTH(waiting_ends_when_the_other_is_ready),
        SOCKET(waiting_ends_when_a_socket_is_closed),
        PIPES(waiting_ends_when_nobody_reads_our_pipe),
        PIPES(the_end_of_a_pipes_writer_does_not_end_a_wait),
        SOCKET(lingering_says_the_end_and_discards_input),
        SOCKET(lingering_ends_with_the_peer),
        PIPES(a_pipe_is_not_lingered_on),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
