/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stream_fixture.h: a stream and its peer, over pipes and over sockets, for the tests of base/stream.h.
 *
 * Nothing in those waits for time to pass: what a call is to find is there before it, so a deadline that has
 * passed is enough, and where it must find nothing, it says so at once. */
#ifndef SECMSG_TESTS_UNIT_STREAM_FIXTURE_H
#define SECMSG_TESTS_UNIT_STREAM_FIXTURE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/stream.h"

#define PASSED ((uint64_t)0) /* a deadline: look, and don't wait */
#define LIMIT  ((size_t)64)

/* A stream and its peer's two ends; for sockets they are the same. */
static struct stream s;
static int peer_in = -1, peer_out = -1;

static inline int open_socket(void **state)
{
    int fds[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return -1;
    peer_in = peer_out = fds[1];
    return stream_open(&s, fds[0], fds[0], 1000000) != ERR_OK;
}

static inline int open_pipes(void **state)
{
    int to[2], from[2];
    (void)state;
    if (pipe(to) < 0 || pipe(from) < 0)
        return -1;
    peer_out = to[1];
    peer_in = from[0];
    return stream_open(&s, to[0], from[1], 1000000) != ERR_OK;
}

static inline void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline int close_all(void **state)
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

static inline void close_peer_out(void)
{
    if (peer_in == peer_out)
        peer_in = -1;
    close_end(&peer_out);
}

static inline void send_bytes(struct span bytes)
{
    assert_int_equal(write(peer_out, bytes.data, bytes.len), bytes.len);
}

static inline void assert_line(const char *text)
{
    struct span line;
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), ERR_OK);
    assert_int_equal(line.len, strlen(text));
    assert_memory_equal(line.data, text, line.len);
}

static inline void assert_no_line(enum err expected)
{
    struct span line;
    assert_int_equal(stream_read_line(&s, LIMIT, PASSED, &line), expected);
}

/* A line of n bytes in all, with or without its LF. */
static inline struct span line_of(size_t n, bool has_end)
{
    static uint8_t bytes[200000];
    memset(bytes, 'x', n);
    if (has_end)
        bytes[n - 1] = '\n';
    return span_of(bytes, n);
}

#define SOCKET(name) cmocka_unit_test_setup_teardown(name, open_socket, close_all)
#define PIPES(name)  cmocka_unit_test_setup_teardown(name, open_pipes, close_all)
#define BOTH(name)   SOCKET(name), PIPES(name)

#endif
