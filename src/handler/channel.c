/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The channel: nothing of a line that isn't valid gets past this file. */
#include "handler/channel.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/random.h"

#include "base/banned.h"

enum err channel_open(struct channel *ch, bool is_plain, int stop_fd)
{
    *ch = (struct channel){.is_plain = is_plain, .linger_ms = WIRE_LINGER_MS};
    ch->plain = BUF_INIT(SIZE_MAX / 2);
    enum err e = stream_open(&ch->stream, STDIN_FILENO, STDOUT_FILENO, SIZE_MAX / 2);
    ch->stream.stop_fd = stop_fd;
    return e;
}

/* What a failed read of the hello line is answered with. */
static enum code hello_code(enum err e)
{
    switch (e) {
    case ERR_TIMEOUT:
        return CODE_TIMEOUT;
    case ERR_STOPPED:
        return CODE_BUSY;
    case ERR_CLOSED:
    case ERR_IO:
        return CODE_NONE;
    case ERR_UNSUPPORTED:
        return CODE_VERSION;
    case ERR_INCOMPLETE:
    case ERR_TOO_LARGE:
    case ERR_MALFORMED:
        return CODE_BAD_HELLO;
    default:
        return CODE_INTERNAL;
    }
}

static enum err answer_hello(struct channel *ch, const struct host_key *host, struct span line)
{
    struct hello_seen seen;
    uint8_t secret[EXCHANGE_LEN];
    enum err e = hello_server_parse(&seen, line);
    if (e)
        return e;
    random_key(secret, sizeof(secret));
    e = hello_server_answer(&ch->keys, &ch->stream.output, host, secret, &seen);
    bytes_wipe(secret, sizeof(secret));
    return e;
}

enum err channel_greet(struct channel *ch, const struct host_key *host, uint64_t deadline_ms,
                       enum code *code)
{
    struct span line;
    enum err e = stream_read_line(&ch->stream, WIRE_HELLO_MAX, deadline_ms, &line);
    if (!e)
        e = answer_hello(ch, host, line);
    *code = e ? hello_code(e) : CODE_NONE;
    if (e)
        return e;
    return stream_flush(&ch->stream, deadline_ms);
}

static enum err read_frame(struct channel *ch, size_t max, uint64_t deadline_ms,
                           struct command *command)
{
    struct span line;
    struct frame_parts parts;
    enum err e = stream_read_line(&ch->stream, max, deadline_ms, &line);
    if (e)
        return e;
    buf_clear(&ch->plain);
    e = frame_open(&ch->plain, &ch->keys.client, line);
    if (e)
        return e == ERR_MALFORMED ? ERR_FORGED : e;
    *command = (struct command){.verb = VERB_COUNT};
    e = frame_split(&parts, buf_span(&ch->plain));
    return e ? e : command_parse(command, parts.head, parts.has_body, parts.body);
}

/* Plain mode's text: one line without control characters, those that UTF-8 spells C2 80 to C2 9F (C1)
 * included: it is shown to people as it is. */
static enum err check_text(struct span line)
{
    for (size_t i = 0; i < line.len; i++) {
        bool is_c1 = i > 0 && line.data[i - 1] == 0xc2 && line.data[i] < 0xa0;
        if (line.data[i] < 0x20 || line.data[i] == 0x7f || is_c1)
            return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* Whether a line is to be followed by a text. A COMPOSE with wrong fields is too: a text must never be
 * taken for a command, whatever a script put in front of it. The bare word is a person's question. */
static bool has_text(struct span head)
{
    static const char compose[] = "COMPOSE ";
    return head.len >= sizeof(compose) - 1 && memcmp(head.data, compose, sizeof(compose) - 1) == 0;
}

/* A head line, and behind a COMPOSE the text's line. When the wait for the second one is cut short,
 * the next call goes on there. */
static enum err read_plain(struct channel *ch, size_t max, uint64_t deadline_ms,
                           struct command *command)
{
    struct span line;
    struct frame_parts parts;
    enum err e;
    *command = (struct command){.verb = VERB_COUNT};
    if (!ch->is_composing) {
        e = stream_read_line(&ch->stream, WIRE_HEAD_MAX + 1, deadline_ms, &line);
        buf_clear(&ch->plain);
        if (!e)
            e = buf_append_span(&ch->plain, line);
        if (e)
            return e;
    }
    struct span text = {0};
    if (has_text(buf_span(&ch->plain))) {
        e = stream_read_line(&ch->stream, max, deadline_ms, &text);
        ch->is_composing = e == ERR_TIMEOUT || e == ERR_STOPPED;
        if (e)
            return e;
    }
    e = frame_split(&parts, buf_span(&ch->plain));
    if (!e)
        e = command_parse_plain(command, parts.head);
    if (!e)
        e = check_text(text);
    command->body = text;
    return e;
}

enum err channel_read(struct channel *ch, size_t max, uint64_t deadline_ms, struct command *command)
{
    return ch->is_plain ? read_plain(ch, max, deadline_ms, command)
                        : read_frame(ch, max, deadline_ms, command);
}

bool channel_has_input(const struct channel *ch)
{
    return stream_has_line(&ch->stream);
}

/* Plain mode: every line of the body, one that begins with '.' with another in front, then a single '.'. */
static enum err append_dotted(struct buf *out, struct span body)
{
    enum err e = ERR_OK;
    while (body.len > 0 && !e) {
        const uint8_t *end = memchr(body.data, '\n', body.len);
        size_t len = end ? (size_t)(end - body.data) : body.len;
        if (body.data[0] == '.')
            e = buf_append_byte(out, '.');
        if (!e)
            e = buf_append(out, body.data, len);
        if (!e)
            e = buf_append_byte(out, '\n');
        size_t taken = len + (end ? 1 : 0);
        body = span_of(body.data + taken, body.len - taken);
    }
    return e ? e : buf_append_str(out, ".\n");
}

static enum err answer_plain(struct buf *out, struct span head, const struct buf *body)
{
    size_t start = out->len;
    enum err e = buf_append_span(out, head);
    if (!e)
        e = buf_append_byte(out, '\n');
    if (!e && body)
        e = append_dotted(out, buf_span(body));
    if (e)
        buf_truncate(out, start);
    return e;
}

enum err channel_answer(struct channel *ch, struct span head, const struct buf *body)
{
    struct buf *out = &ch->stream.output;
    if (ch->is_plain)
        return answer_plain(out, head, body);
    struct buf whole = BUF_INIT(SIZE_MAX / 2);
    enum err e = buf_append_span(&whole, head);
    if (!e && body) {
        e = buf_append_byte(&whole, '\n');
        if (!e)
            e = buf_append_span(&whole, buf_span(body));
    }
    if (!e)
        e = frame_seal(out, &ch->keys.server, clock_wall(), buf_span(&whole));
    buf_free(&whole);
    return e;
}

enum err channel_answer_clear(struct channel *ch, struct span head)
{
    return answer_plain(&ch->stream.output, head, NULL);
}

void channel_revert(struct channel *ch)
{
    buf_clear(&ch->stream.output);
    ch->keys.server.sequence = ch->delivered;
}

enum err channel_flush(struct channel *ch, uint64_t deadline_ms)
{
    /* Once the first byte may have left, the frames count as sent: a tag is never made twice for two
     * different frames that somebody could both have seen. */
    ch->delivered = ch->keys.server.sequence;
    return stream_flush(&ch->stream, deadline_ms);
}

enum err channel_finish(struct channel *ch, uint64_t deadline_ms)
{
    int stop_fd = ch->stream.stop_fd;
    ch->stream.stop_fd = -1;
    enum err e = channel_flush(ch, deadline_ms);
    ch->stream.stop_fd = stop_fd;
    return e;
}

void channel_close(struct channel *ch)
{
    stream_linger(&ch->stream, clock_monotonic_ms() + ch->linger_ms);
    stream_free(&ch->stream);
    buf_free(&ch->plain);
    hello_keys_wipe(&ch->keys);
}
