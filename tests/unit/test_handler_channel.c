/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The channel: lines become commands and replies become lines, sealed or plain, over a socket. */
#include "handler/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/crypto.h"

#include "base/banned.h"

#define PASSED ((uint64_t)0) /* a deadline: look, and don't wait */
#define MAX    ((size_t)4096)

static struct channel ch;
static int peer = -1;

static int open_channel(bool is_plain)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return -1;
    ch = (struct channel){.is_plain = is_plain, .plain = BUF_INIT(100000)};
    memset(ch.keys.client.mac, 1, sizeof(ch.keys.client.mac));
    memset(ch.keys.server.mac, 2, sizeof(ch.keys.server.mac));
    peer = fds[1];
    return stream_open(&ch.stream, fds[0], fds[0], 10000) != ERR_OK;
}

static int open_plain(void **state)
{
    (void)state;
    return open_channel(true);
}

static int open_framed(void **state)
{
    (void)state;
    return open_channel(false);
}

static int close_channel(void **state)
{
    (void)state;
    stream_free(&ch.stream);
    close(ch.stream.in);
    close(peer);
    buf_free(&ch.plain);
    return 0;
}

static void say(struct span text)
{
    assert_int_equal(write(peer, text.data, text.len), text.len);
}

static void assert_answered(const char *head, const struct buf *body, const char *expected)
{
    assert_int_equal(channel_answer(&ch, span_str(head), body), ERR_OK);
    assert_int_equal(ch.stream.output.len, strlen(expected));
    assert_memory_equal(ch.stream.output.data, expected, strlen(expected));
    buf_clear(&ch.stream.output);
}

static void plain_bodies_end_with_a_dot(void **state)
{
    /* A line that begins with a dot gets another; a last line without LF gets one; no body, no dot. */
    (void)state;
    static const char *const bodies[][2] = {{"", "OK\n.\n"},
                                            {"a\n", "OK\na\n.\n"},
                                            {"a", "OK\na\n.\n"},
                                            {".", "OK\n..\n.\n"},
                                            {".\n..\nx.y\n", "OK\n..\n...\nx.y\n.\n"},
                                            {"\n\n", "OK\n\n\n.\n"}};
    assert_answered("OK 3", NULL, "OK 3\n");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct buf body = BUF_INIT(100);
        assert_int_equal(buf_append_str(&body, bodies[i][0]), ERR_OK);
        assert_answered("OK", &body, bodies[i][1]);
        buf_free(&body);
    }
}

static void a_plain_compose_takes_the_next_line(void **state)
{
    /* Whatever the text is, it is no command; the one behind it is. */
    (void)state;
    struct command command;
    say(SPAN("COMPOSE bob\nEXIT\nPING\n"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
    assert_int_equal(command.verb, VERB_COMPOSE);
    assert_true(span_is(command.fields[0], "bob") && span_is(command.body, "EXIT"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
    assert_int_equal(command.verb, VERB_PING);
}

static void a_late_text_is_a_text_still(void **state)
{
    /* A wait that was cut short between COMPOSE and its text goes on there. */
    (void)state;
    struct command command;
    say(SPAN("COMPOSE bob\n"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_TIMEOUT);
    say(SPAN("DELETE pw\n"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
    assert_int_equal(command.verb, VERB_COMPOSE);
    assert_true(span_is(command.fields[0], "bob") && span_is(command.body, "DELETE pw"));
}

static void plain_lines_have_no_control_bytes(void **state)
{
    /* CR, TAB, NUL and DEL, in the head and in the text; the line after is read as before. */
    (void)state;
    struct command command;
    static const char controls[] = {'\r', '\t', '\0', '\x7f', '\x1b'};
    for (size_t i = 0; i < sizeof(controls); i++) {
        say(SPAN("PING"));
        say(span_of(controls + i, 1));
        say(SPAN("\nCOMPOSE bob\ntext"));
        say(span_of(controls + i, 1));
        say(SPAN("\nPING\n"));
        assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_MALFORMED);
        assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_MALFORMED);
        assert_int_equal(command.verb, VERB_COMPOSE);
        assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
        assert_int_equal(command.verb, VERB_PING);
    }
}

/* Seals what the client says next; `end` is its count of frames. */
static void say_sealed(struct frame_end *end, struct span plain)
{
    struct buf line = BUF_INIT(10000);
    assert_int_equal(frame_seal(&line, end, 0, plain), ERR_OK);
    say(buf_span(&line));
    buf_free(&line);
}

static void a_valid_frame_may_be_no_command(void **state)
{
    /* That is bad-command, with the verb where it is known, and the next frame is read. */
    (void)state;
    struct frame_end end = ch.keys.client;
    struct command command;
    say_sealed(&end, SPAN("NONSENSE"));
    say_sealed(&end, SPAN("WHO"));
    say_sealed(&end, SPAN("PING\r"));
    say_sealed(&end, SPAN("ACK\n00112233445566778899aabbccddeeff\n"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_MALFORMED);
    assert_int_equal(command.verb, VERB_COUNT);
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_MALFORMED);
    assert_int_equal(command.verb, VERB_WHO);
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_MALFORMED);
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
    assert_int_equal(command.verb, VERB_ACK);
    assert_int_equal(command.body.len, 33);
}

static void an_invalid_frame_is_forged_whatever_is_wrong(void **state)
{
    /* No frame at all, an empty line, and one that came twice: one code, and nothing of it is handed out. */
    (void)state;
    struct frame_end end = ch.keys.client, again = ch.keys.client;
    struct command command;
    say(SPAN("PING\n"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_FORGED);
    say(SPAN("\n"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_FORGED);
    say_sealed(&end, SPAN("PING"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_OK);
    say_sealed(&again, SPAN("PING"));
    assert_int_equal(channel_read(&ch, MAX, PASSED, &command), ERR_FORGED);
}

static void what_was_not_sent_can_be_taken_back(void **state)
{
    /* The answer that takes its place is the one that the client expects next. */
    (void)state;
    char got[1000];
    struct frame_end end = ch.keys.server;
    struct buf text = BUF_INIT(1000);
    assert_int_equal(channel_answer(&ch, SPAN("OK one"), NULL), ERR_OK);
    assert_int_equal(channel_flush(&ch, PASSED), ERR_OK);
    assert_int_equal(channel_answer(&ch, SPAN("OK two"), NULL), ERR_OK);
    assert_int_equal(channel_answer(&ch, SPAN("OK three"), NULL), ERR_OK);
    channel_revert(&ch);
    assert_int_equal(ch.stream.output.len, 0);
    assert_int_equal(channel_answer(&ch, SPAN("ERR internal"), NULL), ERR_OK);
    assert_int_equal(channel_flush(&ch, PASSED), ERR_OK);
    ssize_t n = read(peer, got, sizeof(got));
    assert_true(n > 0);
    struct span rest = span_of(got, (size_t)n);
    while (rest.len > 0) {
        size_t len = (size_t)((const uint8_t *)memchr(rest.data, '\n', rest.len) - rest.data);
        assert_int_equal(frame_open(&text, &end, span_of(rest.data, len)), ERR_OK);
        rest = span_of(rest.data + len + 1, rest.len - len - 1);
    }
    assert_true(span_is(buf_span(&text), "OK oneERR internal"));
    buf_free(&text);
}

static void an_answer_that_does_not_fit_is_not_begun(void **state)
{
    /* Nothing is appended and the sequence stays, so that a shorter one can be sent instead. */
    (void)state;
    struct buf body = BUF_INIT(20000);
    static const uint8_t large[20000];
    assert_int_equal(buf_append(&body, large, sizeof(large)), ERR_OK);
    assert_int_equal(channel_answer(&ch, SPAN("OK"), &body), ERR_TOO_LARGE);
    assert_int_equal(ch.stream.output.len, 0);
    assert_true(ch.keys.server.sequence == 0);
    buf_free(&body);
}

static int start(void **state)
{
    (void)state;
    return crypto_init(0) != ERR_OK;
}

static int end_all(void **state)
{
    (void)state;
    crypto_end();
    return 0;
}

#define PLAIN(name)  cmocka_unit_test_setup_teardown(name, open_plain, close_channel)
#define FRAMED(name) cmocka_unit_test_setup_teardown(name, open_framed, close_channel)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(plain_bodies_end_with_a_dot),
        PLAIN(a_plain_compose_takes_the_next_line),
        PLAIN(a_late_text_is_a_text_still),
        PLAIN(plain_lines_have_no_control_bytes),
        PLAIN(an_answer_that_does_not_fit_is_not_begun),
        FRAMED(a_valid_frame_may_be_no_command),
        FRAMED(an_invalid_frame_is_forged_whatever_is_wrong),
        FRAMED(what_was_not_sent_can_be_taken_back),
        FRAMED(an_answer_that_does_not_fit_is_not_begun),
    };
    return cmocka_run_group_tests(tests, start, end_all);
}
