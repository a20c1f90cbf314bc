/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection that doesn't block: connect, hello, login, and then what its role asks. */
#include "tests/load/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "tests/load/books.h"

#include "base/banned.h"

#define LINE_LIMIT  ((size_t)1 << 20)
#define PATIENCE_MS 120000 /* for an answer: only a hanging server takes so long */
#define BACK_MS     500    /* a lost session comes back after at most so long */
#define NOW         UINT64_C(1795392000)

static void must(struct session *s, enum err e, const char *what)
{
    if (e)
        books_wrong(s->world->books, "%s: %s: %s", s->person.name, what, err_text(e));
}

static uint64_t some_ms(uint64_t max)
{
    uint32_t n;
    random_bytes(&n, sizeof(n));
    return 1 + n % max;
}

/* The connection is over: whatever was asked and not answered may have been done or not. */
static void lose(struct session *s, uint64_t now)
{
    close(s->fd);
    s->fd = -1;
    buf_free(&s->in);
    buf_free(&s->out);
    hello_keys_wipe(&s->keys);
    s->asked_count = 0;
    s->world->losses++;
    s->stage = STAGE_AWAY;
    s->due = now + some_ms(BACK_MS);
    if (s->is_kept)
        books_wrong(s->world->books, "%s, which nobody killed, lost its connection",
                    s->person.name);
}

/* ---- coming ---- */

static void dial(struct session *s, uint64_t now)
{
    struct sockaddr_in here = {.sin_family = AF_INET}, there = here;
    uint8_t secret[EXCHANGE_LEN];
    int yes = 1;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(s->number % s->world->addresses));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(s->world->port);
    s->due = CLOCK_NEVER;
    s->in = BUF_INIT(LINE_LIMIT);
    s->out = BUF_INIT(SESSION_ASKED_MAX * LINE_LIMIT);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    random_key(secret, sizeof(secret));
    must(s, hello_client_start(&s->hello, secret), "hello");
    must(s, buf_append_str(&s->out, s->hello.line), "hello");
    s->stage = STAGE_CONNECTING;
    s->asked_first = 0;
    if (bind(s->fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
        (connect(s->fd, (struct sockaddr *)&there, sizeof(there)) != 0 && errno != EINPROGRESS))
        lose(s, now);
}

static void knock(struct session *s)
{
    struct buf plain = BUF_INIT(LINE_LIMIT);
    s->stage = STAGE_LOGIN;
    if (s->person.is_registered) {
        must(s, buf_printf(&plain, "LOGIN %s %s", s->person.name, s->person.secret), "LOGIN");
        session_ask(s, VERB_LOGIN, &plain, 0);
        return;
    }
    uint8_t salt[STRETCH_SALT_LEN];
    random_bytes(salt, sizeof(salt));
    must(s, buf_printf(&plain, "REGISTER %s %s\n", s->person.name, s->person.secret), "REGISTER");
    must(s, account_body_make(&plain, salt, buf_span(&s->person.text), buf_span(&s->world->token)),
         "REGISTER");
    session_ask(s, VERB_REGISTER, &plain, 0);
}

/* The server's line: the host key is the same each time. */
static void greet(struct session *s, struct span line, uint64_t now)
{
    struct hello_answer answer;
    struct world *w = s->world;
    enum err e = hello_client_parse(&answer, line);
    if (e == ERR_CLOSED) { /* ERR in the clear */
        w->refusals++;
        lose(s, now);
        return;
    }
    if (!e && w->has_host_key && memcmp(w->host_key, answer.host_key, HOST_KEY_LEN) != 0)
        e = ERR_FORGED;
    if (!e)
        e = hello_client_finish(&s->keys, &s->hello, &answer, line);
    if (e) {
        must(s, e, "the server's hello");
        lose(s, now);
        return;
    }
    memcpy(w->host_key, answer.host_key, HOST_KEY_LEN);
    w->has_host_key = true;
    knock(s);
}

static void enter(struct session *s)
{
    s->person.is_registered = true;
    s->stage = STAGE_SERVED;
    s->world->logins++;
    s->role->begin(s);
}

/* ---- asking and hearing ---- */

void session_ask(struct session *s, enum verb verb, struct buf *plain, uint64_t seconds)
{
    struct asked *asked = &s->asked[(s->asked_first + s->asked_count++) % SESSION_ASKED_MAX];
    *asked = (struct asked){.verb = verb, .due = clock_monotonic_ms() + 1000 * seconds};
    if (s->asked_count > SESSION_ASKED_MAX)
        books_wrong(s->world->books, "%s asked too much at once", s->person.name);
    must(s, frame_seal(&s->out, &s->keys.client, NOW, buf_span(plain)), "sealing a frame");
    buf_free(plain);
}

void session_leave(struct session *s)
{
    struct buf plain = BUF_INIT(LINE_LIMIT);
    must(s, buf_append_str(&plain, "EXIT"), "EXIT");
    session_ask(s, VERB_EXIT, &plain, 0);
}

/* Refusals that end the connection and only mean `later`. */
static bool is_later(const struct answer *a)
{
    return a->kind == ANSWER_ERR && (a->code == CODE_BUSY || a->code == CODE_TIMEOUT);
}

/* Whether the session goes on. */
static bool hear_login(struct session *s, enum verb verb, const struct answer *a)
{
    if (a->kind == ANSWER_OK) {
        enter(s);
        return true;
    }
    if (verb == VERB_REGISTER && a->code == CODE_NAME_TAKEN) { /* its answer was lost */
        s->person.is_registered = true;
        knock(s);
        return true;
    }
    books_wrong(s->world->books, "%s can't log in: %s", s->person.name, code_name(a->code));
    return false;
}

static bool hear(struct session *s, enum verb verb, const struct answer *a)
{
    if (is_later(a)) {
        s->world->refusals++;
        return false;
    }
    s->world->commands++;
    if (s->stage == STAGE_LOGIN)
        return hear_login(s, verb, a);
    if (verb == VERB_EXIT && a->kind == ANSWER_BYE) {
        close(s->fd);
        s->fd = -1;
        s->stage = STAGE_GONE;
        s->due = CLOCK_NEVER;
        return true;
    }
    if (a->kind == ANSWER_ERR) {
        books_wrong(s->world->books, "%s: %s was answered %s", s->person.name, command_name(verb),
                    code_name(a->code));
        return false;
    }
    s->role->hear(s, verb, a);
    return true;
}

/* One frame. Whether the session goes on. */
static bool take_frame(struct session *s, struct span line)
{
    struct buf plain = BUF_INIT(LINE_LIMIT);
    struct frame_parts parts;
    struct answer answer;
    bool is_good = false;
    enum err e = frame_open(&plain, &s->keys.server, line);
    if (!e)
        e = frame_split(&parts, buf_span(&plain));
    if (!e)
        e = answer_parse(&answer, parts.head, parts.has_body, parts.body);
    if (e)
        must(s, e, "a frame of the server");
    else if (s->asked_count == 0 && is_later(&answer))
        s->world->refusals++;
    else if (s->asked_count == 0)
        books_wrong(s->world->books, "%s: an answer to nothing", s->person.name);
    else {
        enum verb verb = s->asked[s->asked_first % SESSION_ASKED_MAX].verb;
        s->asked_first++;
        s->asked_count--;
        is_good = hear(s, verb, &answer);
    }
    buf_free(&plain);
    return is_good;
}

/* Whole lines of what has come in. */
static void take_lines(struct session *s, uint64_t now)
{
    while (s->fd >= 0 && s->in.len > 0) {
        const uint8_t *end = memchr(s->in.data, '\n', s->in.len);
        if (!end)
            return;
        size_t len = (size_t)(end - s->in.data);
        struct span line = span_of(s->in.data, len);
        if (s->stage == STAGE_HELLO)
            greet(s, line, now);
        else if (!take_frame(s, line))
            lose(s, now);
        if (s->fd >= 0)
            buf_consume(&s->in, len + 1);
    }
}

static void receive(struct session *s, uint64_t now)
{
    if (buf_reserve(&s->in, 65536)) {
        books_wrong(s->world->books, "%s: an endless line", s->person.name);
        lose(s, now);
        return;
    }
    ssize_t n = recv(s->fd, s->in.data + s->in.len, 65536, 0);
    if (n > 0) {
        s->in.len += (size_t)n;
        take_lines(s, now);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose(s, now);
    }
}

static void deliver(struct session *s, uint64_t now)
{
    ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL);
    if (s->stage == STAGE_CONNECTING && n > 0)
        s->stage = STAGE_HELLO;
    if (n > 0)
        buf_consume(&s->out, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        lose(s, now);
}

/* ---- for the loop ---- */

struct pollfd session_poll(const struct session *s)
{
    short wanted = s->out.len > 0 ? POLLOUT : 0;
    if (s->stage != STAGE_CONNECTING)
        wanted |= POLLIN;
    return (struct pollfd){.fd = s->fd, .events = wanted};
}

static uint64_t patience(const struct session *s)
{
    if (s->asked_count == 0)
        return CLOCK_NEVER;
    return s->asked[s->asked_first % SESSION_ASKED_MAX].due + PATIENCE_MS;
}

uint64_t session_due(const struct session *s)
{
    uint64_t end = patience(s);
    return s->due < end ? s->due : end;
}

void session_move(struct session *s, short revents, uint64_t now)
{
    if (s->stage == STAGE_GONE)
        return;
    if (s->fd >= 0 && (revents & POLLOUT))
        deliver(s, now);
    if (s->fd >= 0 && (revents & (POLLIN | POLLHUP | POLLERR)))
        receive(s, now);
    if (s->fd >= 0 && now >= patience(s)) {
        books_wrong(s->world->books, "%s wasn't answered", s->person.name);
        lose(s, now);
    }
    if (now < s->due)
        return;
    s->due = CLOCK_NEVER;
    if (s->stage == STAGE_AWAY)
        dial(s, now);
    else if (s->stage == STAGE_SERVED)
        s->role->tick(s, now);
}

void session_free(struct session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    buf_free(&s->in);
    buf_free(&s->out);
    buf_free(&s->person.text);
    hello_keys_wipe(&s->keys);
}
