/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing, waiting, being stopped, and saying good-bye. */
#include "base/stream.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "tests/unit/stream_fixture.h"

#include "base/banned.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
