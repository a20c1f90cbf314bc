/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Idle, waiting, sending and reading sessions: each asks, hears the answer, and asks on. */
#include "tests/load/roles.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/envelope.h"
#include "crypto/random.h"
#include "tests/load/books.h"

#include "base/banned.h"

#define NOW        UINT64_C(1795392000)
#define PLAIN_MAX  ((size_t)1 << 20)
#define DATA_MAX   60000
#define WAIT_QUIET 1  /* seconds: many a minute, so that what each may leak adds up */
#define WAIT_READ  10 /* a message ends it at once */

static uint32_t below(uint32_t max)
{
    uint32_t n;
    random_bytes(&n, sizeof(n));
    return n % max;
}

static void must(struct session *s, enum err e)
{
    if (e)
        books_wrong(s->world->books, "%s: a command: %s", s->person.name, err_text(e));
}

/* A command of a head alone. */
static void ask(struct session *s, enum verb verb)
{
    struct buf plain = BUF_INIT(PLAIN_MAX);
    must(s, buf_append_str(&plain, command_name(verb)));
    session_ask(s, verb, &plain, 0);
}

static void ask_wait(struct session *s, unsigned seconds)
{
    struct buf plain = BUF_INIT(PLAIN_MAX);
    must(s, buf_printf(&plain, "WAIT %u", seconds));
    session_ask(s, VERB_WAIT, &plain, seconds);
}

static void do_nothing(struct session *s)
{
    s->done++;
}

static void hear_nothing(struct session *s, enum verb verb, const struct answer *answer)
{
    (void)answer;
    books_wrong(s->world->books, "%s: %s was answered", s->person.name, command_name(verb));
}

static void tick_never(struct session *s, uint64_t now)
{
    (void)s;
    (void)now;
}

const struct role role_idle = {"idle", do_nothing, hear_nothing, tick_never};

/* ---- waiting ---- */

static void wait_begin(struct session *s)
{
    ask_wait(s, WAIT_QUIET);
}

static void wait_hear(struct session *s, enum verb verb, const struct answer *answer)
{
    if (verb != VERB_WAIT || answer->kind != ANSWER_OK || !span_is(answer->rest, "0"))
        books_wrong(s->world->books, "%s: its mailbox is empty, but WAIT found something",
                    s->person.name);
    s->done++;
    if (!s->world->is_leaving)
        ask_wait(s, WAIT_QUIET);
}

const struct role role_wait = {"wait", wait_begin, wait_hear, tick_never};

/* ---- sending ---- */

static void send_letters(struct session *s)
{
    struct sender *sender = s->own;
    sender->answered = 0;
    for (size_t i = 0; i < sender->written; i++) {
        const struct letter *letter = &sender->letters[i];
        struct buf plain = BUF_INIT(PLAIN_MAX);
        must(s, buf_printf(&plain, "COMPOSE %s %s\n", letter->recipient, letter->id));
        must(s, buf_append_span(&plain, buf_span(&letter->envelope)));
        books_send(s->world->books, letter->id, buf_span(&letter->envelope));
        session_ask(s, VERB_COMPOSE, &plain, 0);
    }
}

static void write_letter(struct session *s, struct letter *letter)
{
    static const uint8_t data[DATA_MAX];
    struct sender *sender = s->own;
    size_t k = sender->turn++ % ROUTES_EACH, to = (sender->self + k) % sender->count;
    const struct person *recipient = &sender->readers[to].person;
    struct message message = {.id = letter->id, .time = NOW, .type = "text/plain"};
    message.data = span_of(data, below(s->is_kept ? 8 : 32) == 0 ? DATA_MAX : 16 + below(3000));
    letter->recipient = recipient->name;
    letter->envelope = BUF_INIT(PLAIN_MAX);
    books_write(s->world->books, to * ROUTES_EACH + k, letter->id);
    must(s, envelope_seal(&letter->envelope, &message, &s->person.identity, s->world->vault->sign,
                          &recipient->identity));
}

static void pause_sending(struct session *s)
{
    const struct sender *sender = s->own;
    s->due = clock_monotonic_ms() + sender->pause_ms / 2 + below((uint32_t)sender->pause_ms);
}

static void send_begin(struct session *s)
{
    send_letters(s);
    pause_sending(s);
}

static void send_tick(struct session *s, uint64_t now)
{
    struct sender *sender = s->own;
    (void)now;
    if (sender->written > 0) /* in flight */
        return;
    if (!s->world->is_sending) { /* not all are there yet, or it is over */
        pause_sending(s);
        return;
    }
    sender->written = 1 + below(ROUTES_EACH);
    sender->passes = 1 + below(3);
    for (size_t i = 0; i < sender->written; i++)
        write_letter(s, &sender->letters[i]);
    send_letters(s);
}

void sender_free(struct sender *sender)
{
    for (size_t i = 0; i < sender->written; i++)
        buf_free(&sender->letters[i].envelope);
    sender->written = 0;
}

static void send_hear(struct session *s, enum verb verb, const struct answer *answer)
{
    struct sender *sender = s->own;
    const char *id = sender->letters[sender->answered].id;
    char duplicate[FIELD_ID_SIZE + 10];
    snprintf(duplicate, sizeof(duplicate), "%s duplicate", id);
    bool is_duplicate = span_is(answer->rest, duplicate);
    if (verb != VERB_COMPOSE || answer->kind != ANSWER_OK ||
        (!is_duplicate && !span_is(answer->rest, id))) {
        books_wrong(s->world->books, "%s: no answer to COMPOSE %s", s->person.name, id);
        return;
    }
    books_accept(s->world->books, id, is_duplicate);
    s->done++;
    if (++sender->answered < sender->written)
        return;
    if (--sender->passes > 0) {
        send_letters(s);
        return;
    }
    sender_free(sender);
    pause_sending(s);
}

const struct role role_send = {"send", send_begin, send_hear, send_tick};

/* ---- reading ---- */

static void read_begin(struct session *s)
{
    struct reader *reader = s->own;
    for (size_t i = 0; i < ROUTES_EACH; i++)
        books_restart(s->world->books, reader->first + i);
    reader->pending = 0;
    reader->batch = 1 + below(8);
    reader->is_waiting = false;
    ask(s, VERB_READ);
}

static void acknowledge(struct session *s)
{
    struct reader *reader = s->own;
    struct buf plain = BUF_INIT(PLAIN_MAX);
    must(s, buf_append_str(&plain, "ACK\n"));
    for (size_t i = 0; i < reader->pending; i++) {
        books_send_ack(s->world->books, reader->given[i]);
        must(s, buf_printf(&plain, "%s\n", reader->given[i]));
    }
    session_ask(s, VERB_ACK, &plain, 0);
}

static void take_message(struct session *s, const struct answer *answer)
{
    struct reader *reader = s->own;
    books_give(s->world->books, reader->first, ROUTES_EACH, answer->id, answer->body);
    if (span_to_text(answer->id, reader->given[reader->pending], FIELD_ID_SIZE))
        reader->pending++;
    if (reader->pending == reader->batch)
        acknowledge(s);
    else
        ask(s, VERB_READ);
}

static void take_emptiness(struct session *s)
{
    struct reader *reader = s->own;
    if (reader->pending > 0 && (!s->world->is_sending || below(2) == 0)) {
        acknowledge(s);
        return;
    }
    reader->is_waiting = true; /* perhaps with something in hand: some people take their time */
    ask_wait(s, WAIT_READ);
}

static void take_removal(struct session *s)
{
    struct reader *reader = s->own;
    for (size_t i = 0; i < reader->pending; i++)
        books_remove(s->world->books, reader->given[i]);
    s->done += reader->pending;
    reader->pending = 0;
    reader->batch = 1 + below(8);
    ask(s, VERB_READ);
}

static void read_hear(struct session *s, enum verb verb, const struct answer *answer)
{
    struct reader *reader = s->own;
    if (verb == VERB_READ && answer->kind == ANSWER_MESSAGE) {
        take_message(s, answer);
    } else if (verb == VERB_READ && answer->kind == ANSWER_EMPTY) {
        take_emptiness(s);
    } else if (verb == VERB_ACK && answer->kind == ANSWER_OK) {
        take_removal(s);
    } else if (verb == VERB_WAIT && answer->kind == ANSWER_OK) {
        reader->is_waiting = s->world->is_leaving;
        if (!s->world->is_leaving)
            ask(s, VERB_READ);
    } else {
        books_wrong(s->world->books, "%s: no answer to %s", s->person.name, command_name(verb));
    }
}

const struct role role_read = {"read", read_begin, read_hear, tick_never};
