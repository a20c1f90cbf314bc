/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connection.c: hello, then one question and one answer at a time. The host key is compared with its pin
 * before its signature is verified, pinned only after that, and nothing is sent but the hello until then. */
#include "connection.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "progress.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define LAST_WORDS_MS 2000
/* How often the remarks of a command are taken while it is waited for. */
#define SLICE_MS 50

void connection_init(struct connection *c)
{
    *c = (struct connection){.transport = TRANSPORT_INIT, .is_open = false};
}

/* Closes without a word to the server; returns how the command of --exec ended. */
static int drop(struct connection *c, bool failed)
{
    c->is_open = false;
    stream_free(&c->stream);
    buf_free(&c->plain);
    hello_keys_wipe(&c->keys);
    return transport_close(&c->transport, failed);
}

/* The end of the next wait. */
static uint64_t slice(const struct connection *c, uint64_t deadline_ms)
{
    uint64_t end = clock_monotonic_ms() + SLICE_MS;
    return c->transport.pid > 0 && end < deadline_ms ? end : deadline_ms;
}

static enum err read_line(struct connection *c, size_t max, uint64_t deadline_ms, struct span *line)
{
    enum err err;
    do {
        err = stream_read_line(&c->stream, max, slice(c, deadline_ms), line);
        remarks_take(&c->transport.remarks);
    } while (err == ERR_TIMEOUT && clock_monotonic_ms() < deadline_ms);
    return err;
}

/* The deadline is for a standstill: a large message may take as long as its bytes go on going out. */
static enum err flush(struct connection *c, uint64_t step_ms)
{
    struct progress progress;
    size_t left = c->stream.output.len;
    uint64_t deadline = clock_monotonic_ms() + step_ms;
    enum err err;
    progress_begin(&progress, left);
    do {
        uint64_t end = clock_monotonic_ms() + SLICE_MS;
        err = stream_flush(&c->stream, end < deadline ? end : deadline);
        remarks_take(&c->transport.remarks);
        progress_show(&progress, c->stream.output.len);
        if (c->stream.output.len < left)
            deadline = clock_monotonic_ms() + step_ms;
        left = c->stream.output.len;
    } while (err == ERR_TIMEOUT && clock_monotonic_ms() < deadline);
    progress_end(&progress);
    return err;
}

static void note_retry(struct connection *c, const struct answer *answer, uint64_t most_s)
{
    uint64_t asked_s = answer->has_retry_after ? answer->retry_after : 0;
    c->retry_at_ms = clock_monotonic_ms() + (asked_s < most_s ? asked_s : most_s) * 1000;
}

uint64_t connection_pause(const struct connection *c, uint64_t pause_ms)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t asked_ms = c->retry_at_ms > now ? c->retry_at_ms - now : 0;
    return asked_ms > pause_ms ? asked_ms : pause_ms;
}

static enum status say_unauthenticated(struct connection *c, struct span error)
{
    struct visible_value text = visible_value(error);
    struct answer answer;
    struct buf head = BUF_INIT(WIRE_HELLO_MAX + 8);
    enum status status = STATUS_PROTOCOL;
    say("the server refused the connection: %s", text.text);
    say("That was said before any key was agreed on, so anybody on the way could have said it. "
        "Nothing was sent, and pinned keys stay as they are. Try again.");
    if (buf_append_str(&head, "ERR ") == ERR_OK && buf_append_span(&head, error) == ERR_OK &&
        answer_parse(&answer, buf_span(&head), false, SPAN("")) == ERR_OK) {
        status = status_of_code(answer.code);
        note_retry(c, &answer, CONNECTION_RETRY_CLEAR_S);
        if (answer.has_retry_after)
            say("It asks to be left alone for %" PRIu64 " seconds.", answer.retry_after);
    }
    buf_free(&head);
    return status;
}

/* No hello came back. */
static enum status say_no_hello(struct connection *c, enum err err)
{
    bool is_command = c->transport.pid > 0;
    int how = drop(c, true);
    if (err == ERR_TIMEOUT) {
        say("the server didn't answer in time. Check that it is a secmsg server, or give it longer "
            "with --timeout SECONDS.");
        return STATUS_UNAVAILABLE;
    }
    if (err == ERR_CLOSED && is_command) {
        say("the command of --exec ended%s without an answer. Run it by itself to see why; it must "
            "be, or lead to, secmsg-handler.",
            WIFEXITED(how) && WEXITSTATUS(how) == 127 ? " (not found)" : "");
        return STATUS_UNAVAILABLE;
    }
    if (err == ERR_CLOSED) {
        say("the server closed the connection without an answer. Try again later.");
        return STATUS_UNAVAILABLE;
    }
    say("what answers there isn't a secmsg server of protocol version 1 (%s).", err_text(err));
    return status_of_err(err);
}

static enum status finish_hello(struct connection *c, const struct connection_target *target,
                                struct hello_client *hello, struct span line)
{
    struct hello_answer answer;
    enum err err = hello_client_parse(&answer, line);
    if (err == ERR_CLOSED) {
        enum status status = say_unauthenticated(c, answer.error);
        (void)drop(c, true);
        return status;
    }
    if (err != ERR_OK)
        return say_no_hello(c, err);
    enum status status = target->compare(target->context, answer.host_key);
    if (status != STATUS_OK) {
        (void)drop(c, true);
        return status;
    }
    err = hello_client_finish(&c->keys, hello, &answer, line);
    if (err != ERR_OK) {
        say("the server's hello isn't signed by its host key: something between this client and "
            "the "
            "server changed it. Nothing was sent. Try again, over another network if this is "
            "repeated.");
        (void)drop(c, true);
        return status_of_err(err);
    }
    status = target->pin(target->context, answer.host_key);
    if (status != STATUS_OK)
        (void)drop(c, false);
    memcpy(c->host_key, answer.host_key, HOST_KEY_LEN);
    return status;
}

static enum status greet(struct connection *c, const struct connection_target *target)
{
    struct hello_client hello;
    struct span line;
    uint8_t secret[EXCHANGE_LEN];
    uint64_t deadline = clock_monotonic_ms() + c->step_ms;
    enum status status;

    random_key(secret, sizeof(secret));
    enum err err = hello_client_start(&hello, secret);
    bytes_wipe(secret, sizeof(secret));
    if (err == ERR_OK)
        err = buf_append_str(&c->stream.output, hello.line);
    if (err == ERR_OK)
        err = flush(c, c->step_ms);
    /* A server that refuses may close before it has read: what it said is still worth reading. */
    if (err == ERR_OK || err == ERR_CLOSED)
        err = read_line(c, WIRE_HELLO_MAX, deadline, &line);
    status = err == ERR_OK ? finish_hello(c, target, &hello, line) : say_no_hello(c, err);
    bytes_wipe(&hello, sizeof(hello));
    return status;
}

enum status connection_open(struct connection *c, const struct connection_target *target)
{
    enum status status;
    (void)drop(c, false);
    c->retry_at_ms = 0;
    c->is_revoked = false;
    c->step_ms = target->timeout_ms;
    c->max_line = WIRE_PRELOGIN_LINE_MAX;
    c->plain = BUF_INIT(CONNECTION_LINE_MAX);
    if (target->address != NULL)
        status = transport_dial(&c->transport, target->address, clock_monotonic_ms() + c->step_ms);
    else
        status = transport_start(&c->transport, target->command);
    if (status != STATUS_OK)
        return status;
    enum err err =
        stream_open(&c->stream, c->transport.in, c->transport.out, 2 * CONNECTION_LINE_MAX);
    if (err != ERR_OK) {
        (void)drop(c, false);
        return say_failure(err, "can't use the connection");
    }
    c->stream.reads_ahead = true;
    c->stream.input.max = 2 * CONNECTION_LINE_MAX;
    status = greet(c, target);
    c->is_open = status == STATUS_OK;
    return status;
}

static enum err append_head(struct buf *plain, const struct question *question)
{
    enum err err = buf_append_str(plain, command_name(question->verb));
    for (size_t i = 0; err == ERR_OK && i < question->n; i++) {
        err = buf_append_byte(plain, ' ');
        if (err == ERR_OK)
            err = buf_append_span(plain, question->fields[i]);
    }
    return err;
}

static enum err send_question(struct connection *c, const struct question *question,
                              uint64_t step_ms)
{
    struct buf plain = BUF_INIT(CONNECTION_LINE_MAX);
    enum err err = append_head(&plain, question);
    if (err == ERR_OK && question->body != NULL)
        err = buf_append_byte(&plain, '\n');
    if (err == ERR_OK && question->body != NULL)
        err = buf_append_span(&plain, *question->body);
    if (err == ERR_OK)
        err = frame_seal(&c->stream.output, &c->keys.client, clock_wall(), buf_span(&plain));
    buf_free(&plain);
    return err == ERR_OK ? flush(c, step_ms) : err;
}

static enum err read_answer(struct connection *c, uint64_t deadline_ms, struct answer *answer)
{
    struct span line;
    struct frame_parts parts;
    buf_clear(&c->plain);
    enum err err = read_line(c, c->max_line, deadline_ms, &line);
    if (err == ERR_OK)
        err = frame_open(&c->plain, &c->keys.server, line);
    if (err == ERR_OK)
        err = frame_split(&parts, buf_span(&c->plain));
    if (err == ERR_OK)
        err = answer_parse(answer, parts.head, parts.has_body, parts.body);
    return err;
}

static enum status say_lost(struct connection *c, enum err err)
{
    (void)drop(c, true);
    switch (err) {
    case ERR_TIMEOUT:
        say("the server didn't answer in time. Try again, or give it longer with --timeout "
            "SECONDS.");
        return STATUS_TEMPORARY;
    case ERR_CLOSED:
    case ERR_INCOMPLETE:
        say("the connection ended where an answer was due.");
        return STATUS_TEMPORARY;
    case ERR_TOO_LARGE:
        say("the server sent more than this client takes. The connection was closed.");
        return STATUS_PROTOCOL;
    case ERR_FORGED:
    case ERR_MALFORMED:
        say("what came isn't what the server sent: something on the way changed it, or the server "
            "is "
            "faulty. Nothing of it was used, and the connection was closed. Try again.");
        return STATUS_PROTOCOL;
    default:
        return say_failure(err, "the connection failed");
    }
}

enum status connection_ask(struct connection *c, const struct question *question,
                           struct answer *answer)
{
    enum err err = send_question(c, question, c->step_ms);
    uint64_t deadline = clock_monotonic_ms() + c->step_ms;
    if (err == ERR_CLOSED)
        deadline = clock_monotonic_ms() + LAST_WORDS_MS;
    if (err == ERR_OK || err == ERR_CLOSED)
        err = read_answer(c, deadline, answer);
    if (err != ERR_OK)
        return say_lost(c, err);
    if (answer->kind == ANSWER_ERR && code_is_closing(answer->code)) {
        /* The answer points into c->plain, which stays until the next question or close. */
        c->is_open = false;
        note_retry(c, answer, CONNECTION_RETRY_MOST_S);
    }
    return STATUS_OK;
}

void connection_say_revoked(struct connection *c)
{
    c->is_revoked = true;
    say("the server has ended this session: the password was changed on another machine, or the "
        "account was deleted or disabled.");
}

bool connection_is_alive(struct connection *c)
{
    struct answer answer;
    if (!c->is_open)
        return false;
    struct pollfd in = {.fd = c->transport.in, .events = POLLIN};
    if (!stream_has_line(&c->stream) && !c->stream.at_end && poll(&in, 1, 0) == 0)
        return true;
    /* Nothing was asked: only last words, or the end, can be there. */
    enum err err = read_answer(c, clock_monotonic_ms() + LAST_WORDS_MS, &answer);
    if (err == ERR_OK && answer.kind == ANSWER_ERR && answer.code == CODE_AUTH_FAILED) {
        connection_say_revoked(c);
    } else if (err == ERR_OK && answer.kind == ANSWER_ERR) {
        struct visible_value code = visible_value(answer.code_text);
        struct visible_value text = visible_value(answer.text);
        say("the server had closed the connection (%s: %s).", code.text, text.text);
        note_retry(c, &answer, CONNECTION_RETRY_MOST_S);
    } else {
        say("the connection was lost.");
    }
    (void)drop(c, true);
    return false;
}

void connection_close(struct connection *c)
{
    if (c->is_open) {
        struct question bye = {.verb = VERB_EXIT};
        struct answer answer;
        enum err err = send_question(c, &bye, LAST_WORDS_MS);
        if (err == ERR_OK)
            err = read_answer(c, clock_monotonic_ms() + LAST_WORDS_MS, &answer);
        /* However the farewell went, there is nothing left that could be lost. */
        (void)err;
    }
    (void)drop(c, false);
}
