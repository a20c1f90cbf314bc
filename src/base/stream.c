/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines over two non-blocking descriptors. `input` never holds more than the limit of the line that is
 * being read, and one read's worth of what follows. */
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define CHUNK     ((size_t)16384) /* one read: every page of it is wiped in the end */
#define AHEAD_MAX ((size_t)1048576)

static enum err set_nonblocking(int fd, int *before)
{
    *before = fcntl(fd, F_GETFL);
    if (*before < 0 || fcntl(fd, F_SETFL, *before | O_NONBLOCK) < 0) {
        log_event(LOG_LEVEL_ERROR, "stream", "call=fcntl errno=%d", errno);
        return ERR_IO;
    }
    return ERR_OK;
}

static void set_flags(int fd, int flags)
{
    if (flags >= 0 && fcntl(fd, F_SETFL, flags) < 0)
        log_event(LOG_LEVEL_WARNING, "stream", "call=fcntl errno=%d", errno);
}

enum err stream_open(struct stream *s, int in, int out, size_t max_output)
{
    *s = (struct stream){.in = in, .out = out, .in_flags = -1, .out_flags = -1, .stop_fd = -1};
    s->input = BUF_INIT(SIZE_MAX / 2);
    s->output = BUF_INIT(max_output);
    struct stat st;
    s->is_in_socket = fstat(in, &st) == 0 && S_ISSOCK(st.st_mode);
    enum err e = set_nonblocking(in, &s->in_flags);
    /* Where both are one description, the flags from before are those that the first call saw. */
    if (!e && in != out)
        e = set_nonblocking(out, &s->out_flags);
    return e;
}

void stream_free(struct stream *s)
{
    set_flags(s->out, s->out_flags);
    set_flags(s->in, s->in_flags);
    buf_free(&s->input);
    buf_free(&s->output);
}

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Reads once, at most n bytes, if there is something; ERR_OK also when there is nothing yet. */
static enum err read_some(struct stream *s, size_t n)
{
    enum err e = buf_reserve(&s->input, n);
    if (e)
        return e;
    ssize_t got = read(s->in, s->input.data + s->input.len, n);
    if (got > 0) {
        s->input.len += (size_t)got;
        s->received += (uint64_t)got;
        return ERR_OK;
    }
    /* A peer that resets the connection has said nothing more: the same as its end. */
    if (got == 0 || errno == ECONNRESET || errno == EPIPE) {
        s->at_end = true;
        return ERR_OK;
    }
    if (is_transient(errno))
        return ERR_OK;
    log_event(LOG_LEVEL_WARNING, "stream", "call=read errno=%d", errno);
    return ERR_IO;
}

/* Waits for one of at most three events; at the deadline ERR_TIMEOUT. Hang-ups and errors wake it up too:
 * the read or write that follows says which. */
static enum err wait_for(const struct stream *s, struct pollfd *fds, nfds_t n, uint64_t deadline_ms)
{
    struct pollfd all[4];
    for (nfds_t i = 0; i < n; i++)
        all[i] = fds[i];
    all[n] = (struct pollfd){.fd = s->stop_fd, .events = POLLIN};
    for (;;) {
        int ready = poll(all, n + 1, clock_poll_timeout(deadline_ms));
        if (ready > 0)
            break;
        if (ready == 0 && clock_poll_timeout(deadline_ms) == 0)
            return ERR_TIMEOUT;
        if (ready < 0 && errno != EINTR) {
            log_event(LOG_LEVEL_ERROR, "stream", "call=poll errno=%d", errno);
            return ERR_IO;
        }
    }
    for (nfds_t i = 0; i < n; i++)
        fds[i].revents = all[i].revents;
    return all[n].revents ? ERR_STOPPED : ERR_OK;
}

/* Forgets the line that was handed out last. Moves what follows only when that is cheap or needed, so that
 * many short lines in one buffer don't cost a move each. */
static void drop_handed(struct stream *s)
{
    if (s->handed == s->input.len || s->handed > CHUNK) {
        buf_consume(&s->input, s->handed);
        s->handed = 0;
        s->scanned = 0;
    }
}

/* Finds the first LF that isn't handed out; remembers how far it looked. */
static const uint8_t *find_end(struct stream *s)
{
    size_t from = s->scanned > s->handed ? s->scanned : s->handed;
    if (from == s->input.len)
        return NULL;
    const uint8_t *end = memchr(s->input.data + from, '\n', s->input.len - from);
    s->scanned = end ? from : s->input.len;
    return end;
}

enum err stream_read_line(struct stream *s, size_t max, uint64_t deadline_ms, struct span *line)
{
    drop_handed(s);
    for (;;) {
        const uint8_t *end = find_end(s);
        size_t have = s->input.len - s->handed;
        size_t len = end ? (size_t)(end - (s->input.data + s->handed)) + 1 : have;
        /* Without its LF, max bytes are one too many already. */
        if (len > max || (!end && len == max))
            return ERR_TOO_LARGE;
        if (end) {
            *line = span_of(end + 1 - len, len - 1);
            s->handed += len;
            s->scanned = s->handed;
            return ERR_OK;
        }
        if (s->at_end)
            return have > 0 ? ERR_INCOMPLETE : ERR_CLOSED;
        struct pollfd in = {.fd = s->in, .events = POLLIN};
        enum err e = wait_for(s, &in, 1, deadline_ms);
        if (!e)
            e = read_some(s, max - have < CHUNK ? max - have : CHUNK);
        if (e)
            return e;
    }
}

bool stream_has_line(const struct stream *s)
{
    return s->handed < s->input.len &&
           memchr(s->input.data + s->handed, '\n', s->input.len - s->handed) != NULL;
}

enum err stream_wait_other(struct stream *s, int other_fd, uint64_t deadline_ms)
{
    struct pollfd fds[3] = {
        {.fd = other_fd, .events = POLLIN},
        {.fd = s->out, .events = 0},
        {.fd = s->is_in_socket ? s->in : -1, .events = POLLRDHUP},
    };
    enum err e = wait_for(s, fds, 3, deadline_ms);
    if (!e && (fds[1].revents || fds[2].revents))
        e = ERR_CLOSED;
    return e;
}

/* One write of what waits. */
static enum err write_some(struct stream *s, size_t *done)
{
    ssize_t n = write(s->out, s->output.data + *done, s->output.len - *done);
    if (n >= 0) {
        *done += (size_t)n;
        s->sent += (uint64_t)n;
        return ERR_OK;
    }
    if (is_transient(errno))
        return ERR_OK;
    if (errno == EPIPE || errno == ECONNRESET)
        return ERR_CLOSED;
    log_event(LOG_LEVEL_WARNING, "stream", "call=write errno=%d", errno);
    return ERR_IO;
}

/* Waits for room to write; takes in what the peer sends meanwhile, where that was asked for. */
static enum err wait_to_write(struct stream *s, uint64_t deadline_ms)
{
    struct pollfd fds[2] = {{.fd = s->out, .events = POLLOUT}, {.fd = s->in, .events = POLLIN}};
    bool is_reading = s->reads_ahead && !s->at_end && s->input.len < AHEAD_MAX;
    enum err e = wait_for(s, fds, is_reading ? 2 : 1, deadline_ms);
    if (!e && is_reading && fds[1].revents)
        e = read_some(s, CHUNK);
    return e;
}

enum err stream_flush(struct stream *s, uint64_t deadline_ms)
{
    size_t done = 0;
    enum err e = ERR_OK;
    while (done < s->output.len) {
        size_t before = done;
        e = write_some(s, &done);
        if (!e && done == before)
            e = wait_to_write(s, deadline_ms);
        if (e)
            break;
    }
    buf_consume(&s->output, done);
    return e;
}

void stream_linger(struct stream *s, uint64_t deadline_ms)
{
    if (shutdown(s->out, SHUT_WR) < 0)
        return;      /* a pipe: the peer sees its end when this process exits */
    s->stop_fd = -1; /* the last frame is to arrive also when this process was told to end */
    while (!s->at_end) {
        buf_clear(&s->input);
        s->handed = 0;
        s->scanned = 0;
        struct pollfd in = {.fd = s->in, .events = POLLIN};
        if (wait_for(s, &in, 1, deadline_ms) || read_some(s, CHUNK))
            return;
    }
}
