/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The session: hello, authenticate, serve, close. One function answers, and nothing is sent before the
 * store has made durable what it rests on. */
#include "handler/session.h"

#include <inttypes.h>

#include "base/clock.h"
#include "handler/budget.h"
#include "handler/commands.h"
#include "handler/report.h"
#include "handler/tally.h"

#include "base/banned.h"

/* Answers are gathered while more commands are in the buffer already, so that they share one fdatasync. Beyond
 * this many bytes they are sent, so what waits is at most that and one answer more. */
#define GATHER_MAX ((size_t)65536)

/* How often a session that waits looks whether its account still is what it was (protocol: within 5 s). */
#define CHECK_MS 2000

enum allowed { IN_NEW = 1, IN_IN = 2, IN_ANY = 3 };

struct row {
    command_function *function;
    enum allowed allowed;
    bool in_plain;
    bool counts; /* a refusal is one of the three that a connection has */
};

static const struct row rows[VERB_COUNT] = {
    [VERB_INFO] = {command_info, IN_ANY, true, false},
    [VERB_SALT] = {command_salt, IN_ANY, true, false},
    [VERB_REGISTER] = {command_register, IN_NEW, true, true},
    [VERB_LOGIN] = {command_login, IN_NEW, true, true},
    [VERB_PROVE] = {command_prove, IN_NEW, false, true},
    [VERB_WHO] = {command_who, IN_IN, true, false},
    [VERB_COMPOSE] = {command_compose, IN_IN, true, false},
    [VERB_READ] = {command_read, IN_IN, true, false},
    [VERB_ACK] = {command_ack, IN_IN, false, false},
    [VERB_LIST] = {command_list, IN_IN, true, false},
    [VERB_WAIT] = {command_wait, IN_IN, true, false},
    [VERB_PASSWD] = {command_passwd, IN_IN, true, true},
    [VERB_DELETE] = {command_delete, IN_IN, true, true},
    [VERB_PING] = {command_ping, IN_ANY, true, false},
    [VERB_EXIT] = {command_exit, IN_ANY, true, false},
};

static void end(struct session *s, const char *why)
{
    s->is_over = true;
    if (!s->why)
        s->why = why;
}

const char *session_user(const struct session *s)
{
    return s->state == SESSION_IN ? s->login.user : "-";
}

static uint64_t after(uint64_t seconds)
{
    return clock_monotonic_ms() + seconds * 1000;
}

/* Before login the time is counted from the handshake, afterwards from the last command. */
static uint64_t input_deadline(const struct session *s)
{
    if (s->state == SESSION_NEW && !s->channel.is_plain)
        return s->login_deadline_ms;
    return after(s->settings->idle_timeout);
}

enum err session_check_login(struct session *s)
{
    s->checked_ms = clock_monotonic_ms();
    return store_login_check(s->store, &s->login);
}

/* The same where it was not looked at for a while. */
static enum err check_now_and_then(struct session *s)
{
    if (s->state != SESSION_IN || clock_monotonic_ms() - s->checked_ms < CHECK_MS)
        return ERR_OK;
    return session_check_login(s);
}

/* While the session waits. */
static enum err look_around(struct session *s)
{
    store_rest(s->store);
    guard_renew(s->guard, clock_running_ms());
    return check_now_and_then(s);
}

/* The next command. A wait is cut into pieces, so that a login that was ended elsewhere is noticed. */
static enum err next_command(struct session *s, struct command *command)
{
    uint64_t deadline = input_deadline(s);
    size_t max = s->state == SESSION_NEW ? WIRE_PRELOGIN_LINE_MAX : settings_max_frame(s->settings);
    for (;;) {
        uint64_t piece = clock_monotonic_ms() + CHECK_MS;
        guard_renew(s->guard, clock_running_ms());
        if (piece > deadline)
            piece = deadline;
        enum err e = channel_read(&s->channel, max, piece, command);
        if (e == ERR_TIMEOUT && piece == deadline)
            return e;
        enum err held = e == ERR_TIMEOUT ? look_around(s) : check_now_and_then(s);
        if (held)
            return held;
        if (e != ERR_TIMEOUT)
            return e;
    }
}

/* What input that is no command is answered with, and whether anything can follow it. */
static enum code judge_input(struct session *s, enum err e, const struct command *command,
                             struct reply *reply)
{
    reply->is_last = true;
    tally_input(s, e);
    /* Of strangers it is no news, and no line that the unit lets into the journal. */
    if (e == ERR_FORGED || e == ERR_INCOMPLETE)
        log_event(s->state == SESSION_NEW ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "tampered",
                  "user=%s error=%s", session_user(s), log_quote(err_text(e)).text);
    switch (e) {
    case ERR_MALFORMED:
        reply->is_last = false;
        if (command->verb < VERB_COUNT)
            return reply_refuse(reply, CODE_BAD_COMMAND, "expected: %s",
                                s->channel.is_plain ? command_usage_plain(command->verb)
                                                    : command_usage(command->verb));
        return CODE_BAD_COMMAND;
    case ERR_INCOMPLETE:
        if (s->channel.is_plain)
            return reply_refuse(reply, CODE_BAD_COMMAND,
                                "the last line has no line feed at its end");
        return CODE_TAMPERED;
    case ERR_FORGED:
        return CODE_TAMPERED;
    case ERR_TOO_LARGE:
        return CODE_TOO_LARGE;
    case ERR_TIMEOUT:
        return CODE_TIMEOUT;
    case ERR_STOPPED:
        return reply_refuse(reply, CODE_BUSY, "the server is being stopped; connect again");
    default:
        return reply_store_error(reply, e);
    }
}

/* The third refusal is the last: the code that says so takes the place of the command's own. */
static enum code count_refusal(struct session *s, const struct row *row, enum code code,
                               struct reply *reply)
{
    bool is_store = code == CODE_STORAGE_FULL || reply->is_last;
    if (!row->counts || code == CODE_NONE || code_is_closing(code) || is_store)
        return code;
    if (++s->refusals < 3)
        return code;
    reply->text[0] = '\0';
    return CODE_RATE_LIMITED;
}

/* A penalty holds for whoever was there before it, too, until he has logged in. */
static enum code check_penalty(const struct session *s, const struct row *row, struct reply *reply)
{
    uint64_t retry_s;
    if (s->state != SESSION_NEW || !row->counts ||
        !guard_is_penalised(s->guard, clock_running_ms(), &retry_s))
        return CODE_NONE;
    guard_count(s->guard, GUARD_REFUSED_PENALTY, 1);
    return reply_refuse(reply, CODE_BUSY,
                        "retry-after=%" PRIu64
                        " too many failed tries from your address; try again "
                        "later",
                        retry_s);
}

static enum code act(struct session *s, const struct command *command, struct reply *reply)
{
    const struct row *row = &rows[command->verb];
    if (s->channel.is_plain && !row->in_plain)
        return reply_refuse(reply, CODE_BAD_COMMAND, "%s doesn't exist in plain mode",
                            command_name(command->verb));
    if (!(row->allowed & (s->state == SESSION_NEW ? IN_NEW : IN_IN)))
        return reply_refuse(reply, CODE_BAD_STATE, "%s is possible only %s a login",
                            command_name(command->verb),
                            s->state == SESSION_NEW ? "after" : "before");
    enum code code = check_penalty(s, row, reply);
    if (code) {
        report_command(s, command, code, reply, 0);
        return code;
    }
    uint64_t begun_us = clock_monotonic_us();
    code = row->function(s, command, reply);
    uint64_t us = clock_monotonic_us() - begun_us;
    tally_command(s, command, code, reply, us);
    code = count_refusal(s, row, code, reply);
    if (!s->is_over)
        report_command(s, command, code, reply, us);
    return code;
}

/* The one place where a session answers. */
static void answer(struct session *s, enum code code, struct reply *reply)
{
    char line[WIRE_HEAD_MAX + 1];
    bool has_body = code == CODE_NONE && reply->has_body;
    struct span head = reply_head(line, code, reply);
    guard_count_answer(s->guard, code);
    s->sum.commands++;
    s->sum.refused += code != CODE_NONE;
    if (channel_answer(&s->channel, head, has_body ? &reply->body : NULL))
        end(s, "no memory for an answer");
    else if (reply->is_last || code_is_closing(code))
        end(s, code ? code_name(code) : "ended");
}

/* Sends what waits, in pieces, so that a login that was ended elsewhere is noticed though the peer doesn't
 * read. Whatever can't be sent is dropped: nothing can follow it. */
static enum err flush(struct session *s)
{
    uint64_t deadline = after(s->settings->idle_timeout);
    if (s->state == SESSION_NEW && !s->channel.is_plain && s->login_deadline_ms < deadline)
        deadline = s->login_deadline_ms;
    enum err e;
    do {
        uint64_t piece = clock_monotonic_ms() + CHECK_MS;
        e = channel_flush(&s->channel, piece < deadline ? piece : deadline);
    } while (e == ERR_TIMEOUT && clock_monotonic_ms() < deadline && !look_around(s));
    if (e == ERR_STOPPED) /* what was done is still told, to a peer that reads it soon */
        e = channel_finish(&s->channel, clock_monotonic_ms() + WIRE_LINGER_MS);
    if (e) {
        end(s, e == ERR_TIMEOUT ? "the peer doesn't read" : "closed");
        channel_revert(&s->channel);
    }
    return e;
}

/* Nothing that waits may be told: say that, and nothing else. */
static enum err fail_settling(struct session *s, enum err e)
{
    struct reply reply = {.body = BUF_INIT(0)};
    log_event(LOG_LEVEL_ERROR, "settle", "error=%s", log_quote(err_text(e)).text);
    channel_revert(&s->channel);
    reply.is_last = true;
    answer(s, reply_store_error(&reply, e), &reply);
    enum err told = flush(s);
    return told ? told : e;
}

enum err session_deliver(struct session *s)
{
    if (s->channel.stream.output.len == 0)
        return ERR_OK;
    enum err e = store_settle(s->store);
    e = e ? fail_settling(s, e) : flush(s);
    tally_bytes(s);
    return e;
}

/* Whether answers may wait for those of commands that are in the buffer already. Plain mode doesn't gather:
 * there the next READ acknowledges what was sent before, so it must have been sent. */
static bool may_gather(const struct session *s)
{
    return !s->is_over && !s->channel.is_plain && channel_has_input(&s->channel) &&
           s->channel.stream.output.len < GATHER_MAX;
}

static void serve_one(struct session *s, struct reply *reply)
{
    struct command command = {.verb = VERB_COUNT};
    enum code code;
    enum err e = next_command(s, &command);
    if (e == ERR_CLOSED || e == ERR_IO) {
        end(s, "closed");
        return;
    }
    if ((!e || e == ERR_MALFORMED) && budget_is_over(s)) {
        tally_excess(s);
        code = CODE_RATE_LIMITED;
    } else {
        code = e ? judge_input(s, e, &command, reply) : act(s, &command, reply);
    }
    if (!s->is_over)
        answer(s, code, reply);
}

static void serve(struct session *s)
{
    while (!s->is_over) {
        struct reply reply = {.body = BUF_INIT(SIZE_MAX / 4)};
        serve_one(s, &reply);
        buf_free(&reply.body);
        if (!may_gather(s) && session_deliver(s))
            return;
    }
}

enum err session_enter(struct session *s, const char *user, uint64_t version, uint64_t *unread)
{
    struct store_login login = {.version = version};
    uint64_t ungiven;
    if (!span_to_text(span_str(user), login.user, sizeof(login.user)))
        return ERR_INTERNAL;
    enum err e = store_count(s->store, &login, NULL, unread, &ungiven);
    if (e)
        return e;
    s->login = login;
    s->state = SESSION_IN;
    guard_log_in(s->guard);
    s->checked_ms = clock_monotonic_ms();
    return ERR_OK;
}

static void say_clear(struct channel *channel, const struct settings *settings, enum code code,
                      const char *text)
{
    char line[WIRE_HEAD_MAX + 1];
    struct reply reply = {.body = BUF_INIT(0)};
    if (text)
        reply_refuse(&reply, code, "%s", text);
    /* Whoever can't be told is gone, or doesn't listen: nothing depends on it. */
    if (channel_answer_clear(channel, reply_head(line, code, &reply)) ||
        channel_flush(channel, after(settings->hello_timeout)))
        log_event(LOG_LEVEL_DEBUG, "unheard", "result=%s", code_name(code));
}

void session_refuse(const struct settings *settings, enum code code, const char *text)
{
    struct channel channel;
    if (channel_open(&channel, true, -1))
        return;
    channel.linger_ms = WIRE_LINGER_REFUSED_MS;
    say_clear(&channel, settings, code, text);
    channel_close(&channel);
}

/* ERR_OK when the session can serve. */
static enum err greet(struct session *s)
{
    enum code code;
    if (s->channel.is_plain)
        return ERR_OK;
    enum err e = channel_greet(&s->channel, store_host_key(s->store),
                               after(s->settings->hello_timeout), &code);
    if (!e)
        return ERR_OK;
    end(s, code ? code_name(code) : "closed");
    tally_hello(s, e);
    if (code) {
        guard_count_answer(s->guard, code);
        say_clear(&s->channel, s->settings, code, NULL);
    }
    return e;
}

void session_run(struct session *s)
{
    s->shown = BUF_INIT(SIZE_MAX / 4);
    if (channel_open(&s->channel, s->settings->is_plain, s->stop_fd))
        end(s, "stdin or stdout can't be used");
    else if (!greet(s)) {
        s->login_deadline_ms = after(s->settings->login_timeout);
        serve(s);
    }
    tally_bytes(s);
    channel_close(&s->channel);
    buf_free(&s->shown);
    report_end(s);
    bytes_wipe(s->own_key, sizeof(s->own_key));
}
