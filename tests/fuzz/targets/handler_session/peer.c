/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions are made of the program's bytes; of what is answered, every byte is looked at. */
#include "tests/fuzz/targets/handler_session/peer.h"

#include <unistd.h>

#include "base/base64.h"
#include "crypto/account_body.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/steady.h"
#include "tests/fuzz/targets/handler_session/model.h"
#include "wire/command.h"
#include "wire/hello.h"

/* ---- what it hears ---- */

static void take_answer(struct peer *p, struct span line)
{
    struct buf plain = BUF_INIT(1 << 20);
    struct frame_parts parts;
    struct answer a;
    static const struct question unasked = {.kind = ASKED_OTHER};
    FUZZ_OK(frame_open(&plain, &p->receiving, line)); /* in order, and from the server */
    FUZZ_OK(frame_split(&parts, buf_span(&plain)));
    FUZZ_OK(answer_parse(&a, parts.head, parts.has_body, parts.body));
    FUZZ_HOLDS(!p->is_over);
    /* What comes without a question ends the session: a time that is up, a login that is over. */
    FUZZ_HOLDS(p->answered < p->asked || a.kind == ANSWER_ERR);
    model_learn(p, p->answered < p->asked ? &p->questions[p->answered] : &unasked, &a);
    p->answered++;
    buf_free(&plain);
}

void peer_hear(struct peer *p)
{
    struct buf all = BUF_INIT(64 << 20);
    uint8_t block[4096];
    for (ssize_t n; (n = pread(p->from, block, sizeof(block), p->read_to)) > 0; p->read_to += n)
        FUZZ_OK(buf_append(&all, block, (size_t)n));
    struct span rest = buf_span(&all);
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        FUZZ_HOLDS(end != NULL);
        struct span line = fuzz_take(&rest, (size_t)(end - rest.data));
        fuzz_take_byte(&rest);
        if (p->has_greeted)
            take_answer(p, line);
        p->has_greeted = true;
    }
    buf_free(&all);
}

/* ---- what it says ---- */

static void write_out(struct peer *p, struct span bytes)
{
    if (p->to >= 0)
        FUZZ_HOLDS(write(p->to, bytes.data, bytes.len) == (ssize_t)bytes.len);
}

static void send_question(struct peer *p, const struct question *q, const struct buf *plain)
{
    struct buf line = BUF_INIT(1 << 20);
    p->questions[p->asked++] = *q;
    FUZZ_OK(frame_seal(&line, &p->sending, 0, buf_span(plain)));
    if (q->kind == ASKED_JUNK) { /* a bit of it isn't as it was */
        size_t at = fuzz_take_number(&peer_program, 65536) % (line.len - 1);
        line.data[at] ^= (uint8_t)(1u << fuzz_take_byte(&peer_program) % 7);
        if (line.data[at] == '\n')
            line.data[at] = 'x';
    }
    write_out(p, buf_span(&line));
    buf_free(&line);
}

static void add_secret(struct buf *plain, uint32_t number)
{
    uint8_t bytes[32] = {0};
    memcpy(bytes, &number, sizeof(number));
    FUZZ_OK(buf_append_byte(plain, ' '));
    FUZZ_OK(base64url_encode(plain, span_of(bytes, sizeof(bytes))));
}

static void add_ids(struct buf *plain, const struct question *q)
{
    FUZZ_OK(buf_append_str(plain, "ACK\n"));
    for (unsigned i = q->message; i < q->message + q->count && i < MESSAGES; i++)
        FUZZ_OK(buf_printf(plain, "%s\n", mail_ids[i]));
}

/* Any command that changes nothing, or no command at all; what would change something isn't said. */
static void add_any(struct buf *plain)
{
    struct frame_parts parts;
    struct command command;
    FUZZ_OK(buf_append_span(plain, fuzz_take(&peer_program, fuzz_take_byte(&peer_program))));
    if (frame_split(&parts, buf_span(plain)) ||
        command_parse(&command, parts.head, parts.has_body, parts.body))
        return;
    bool is_harmless = command.verb == VERB_INFO || command.verb == VERB_SALT ||
                       command.verb == VERB_WHO || command.verb == VERB_WAIT ||
                       command.verb == VERB_PROVE || command.verb == VERB_PING;
    if (!is_harmless) {
        buf_clear(plain);
        FUZZ_OK(buf_append_str(plain, "PING"));
    }
}

static void add_question(struct question *q, struct buf *plain)
{
    const char *user = mail_people[q->user]->identity.user;
    switch (q->kind) {
    case ASKED_REGISTER:
        FUZZ_OK(buf_printf(plain, "REGISTER %s", user));
        add_secret(plain, q->secret);
        FUZZ_OK(buf_append_byte(plain, '\n'));
        FUZZ_OK(account_body_make(plain, (const uint8_t[STRETCH_SALT_LEN]){2},
                                  buf_span(&mail_people[q->user]->text), buf_span(&mail_vault)));
        break;
    case ASKED_LOGIN:
        FUZZ_OK(buf_printf(plain, "LOGIN %s", user));
        add_secret(plain, q->secret);
        break;
    case ASKED_COMPOSE:
        FUZZ_OK(buf_printf(plain, "COMPOSE %s %s\n",
                           mail_people[mail_recipient(q->message)]->identity.user,
                           mail_ids[q->message]));
        FUZZ_OK(buf_append_span(plain, buf_span(&mail_envelopes[q->message])));
        break;
    case ASKED_ACK:
        add_ids(plain, q);
        break;
    case ASKED_PASSWD:
        FUZZ_OK(buf_append_str(plain, "PASSWD"));
        add_secret(plain, q->secret);
        add_secret(plain, q->secret + 1);
        FUZZ_OK(buf_append_byte(plain, '\n'));
        FUZZ_OK(lock_body_make(plain, (const uint8_t[STRETCH_SALT_LEN]){3}, buf_span(&mail_vault)));
        break;
    case ASKED_DELETE:
        FUZZ_OK(buf_append_str(plain, "DELETE"));
        add_secret(plain, q->secret);
        break;
    case ASKED_OTHER:
        add_any(plain);
        break;
    default:
        FUZZ_OK(buf_append_str(plain, q->kind == ASKED_READ   ? "READ"
                                      : q->kind == ASKED_LIST ? "LIST"
                                      : q->kind == ASKED_EXIT ? "EXIT"
                                                              : "PING"));
    }
}

void peer_ask(struct peer *p, enum kind kind)
{
    struct buf plain = BUF_INIT(1 << 20);
    uint8_t what = fuzz_take_byte(&peer_program);
    struct question q = {.kind = kind,
                         .user = what % USERS,
                         .message = what % MESSAGES,
                         .count = 1};
    if (kind == ASKED_ACK)
        q.count = fuzz_take_byte(&peer_program) % MESSAGES;
    /* Mostly the right one. */
    unsigned of = kind == ASKED_PASSWD || kind == ASKED_DELETE ? p->user % USERS : q.user;
    q.secret = model_users[of].secret + (what >= 240);
    add_question(&q, &plain);
    send_question(p, &q, &plain);
    buf_free(&plain);
}

void peer_close_input(struct peer *p)
{
    if (p->to >= 0)
        close(p->to);
    p->to = -1;
}

void peer_greet(struct peer *p, const struct store *store, uint64_t draw)
{
    uint8_t secret[EXCHANGE_LEN] = {1};
    struct hello_client hello;
    struct hello_seen seen;
    struct hello_keys keys;
    struct buf answer = BUF_INIT(WIRE_HELLO_MAX);
    FUZZ_OK(hello_client_start(&hello, secret));
    write_out(p, span_str(hello.line));
    FUZZ_OK(hello_server_parse(&seen, span_of(hello.line, strlen(hello.line) - 1)));
    steady_draw(secret, sizeof(secret), draw);
    FUZZ_OK(hello_server_answer(&keys, &answer, store_host_key(store), secret, &seen));
    p->sending = keys.client;
    p->receiving = keys.server;
    buf_free(&answer);
}
