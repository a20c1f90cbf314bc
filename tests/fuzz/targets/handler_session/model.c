/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each command must be answered, and what is different behind it. */
#include "tests/fuzz/targets/handler_session/model.h"

#include "tests/fuzz/fuzz.h"

enum fate { FATE_NONE, FATE_WAITING, FATE_READ };

struct message_state {
    enum fate fate;
    unsigned order;
    bool is_old; /* long enough read that its id may be forgotten */
};

struct user_state model_users[USERS];
static struct message_state messages[MESSAGES];
static unsigned orders;

void model_begin(void)
{
    memset(messages, 0, sizeof(messages));
    memset(model_users, 0, sizeof(model_users));
    orders = 0;
}

void model_age(void)
{
    for (unsigned i = 0; i < MESSAGES; i++)
        messages[i].is_old = true;
}

unsigned model_count_waiting(unsigned user)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MESSAGES; i++)
        n += mail_recipient(i) == user && messages[i].fate == FATE_WAITING;
    return n;
}

/* The earliest one that waits behind an order; MESSAGES for none. */
static unsigned next_waiting(unsigned user, unsigned after)
{
    unsigned best = MESSAGES;
    for (unsigned i = 0; i < MESSAGES; i++)
        if (mail_recipient(i) == user && messages[i].fate == FATE_WAITING &&
            messages[i].order > after &&
            (best == MESSAGES || messages[i].order < messages[best].order))
            best = i;
    return best;
}

static bool is_in(const struct peer *p)
{
    return p->user < USERS && model_users[p->user].is_registered &&
           model_users[p->user].version == p->version;
}

static void enter(struct peer *p, unsigned user)
{
    p->user = user;
    p->version = model_users[user].version;
    p->after = 0;
}

static void forget_mailbox(unsigned user)
{
    for (unsigned i = 0; i < MESSAGES; i++)
        if (mail_recipient(i) == user)
            messages[i] = (struct message_state){.fate = FATE_NONE};
}

static bool is_code(const struct answer *a, enum code code)
{
    return a->kind == ANSWER_ERR && a->code == code;
}

static void learn_register(struct peer *p, const struct question *q, const struct answer *a)
{
    struct user_state *u = &model_users[q->user];
    bool may = p->user == USERS && !u->is_registered && !u->was_deleted;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == may);
    if (may) {
        u->is_registered = true;
        u->secret = q->secret;
        u->version++;
        enter(p, q->user);
    }
}

static void learn_login(struct peer *p, const struct question *q, const struct answer *a)
{
    uint64_t unread;
    const struct user_state *u = &model_users[q->user];
    bool may = p->user == USERS && u->is_registered && u->secret == q->secret;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == may);
    if (may) {
        enter(p, q->user);
        FUZZ_OK(answer_count(a, &unread));
        FUZZ_HOLDS(unread == model_count_waiting(q->user) && a->has_body);
    }
}

static void learn_compose(const struct peer *p, const struct question *q, const struct answer *a)
{
    struct message_state *m = &messages[q->message];
    unsigned to = mail_recipient(q->message);
    bool may = is_in(p) && p->user == mail_sender(q->message) && model_users[to].is_registered;
    bool is_duplicate = a->kind == ANSWER_OK && a->rest.len > FIELD_ID_LEN;
    FUZZ_HOLDS(a->kind != ANSWER_OK || may);
    FUZZ_HOLDS(!is_duplicate || m->fate != FATE_NONE);
    if (!may)
        return;
    FUZZ_HOLDS(a->kind == ANSWER_OK || is_code(a, CODE_MAILBOX_FULL));
    FUZZ_HOLDS(a->kind == ANSWER_OK || model_count_waiting(to) >= QUOTA);
    if (a->kind != ANSWER_OK)
        return;
    FUZZ_HOLDS(m->fate == FATE_NONE || is_duplicate || (m->fate == FATE_READ && m->is_old));
    if (!is_duplicate)
        *m = (struct message_state){.fate = FATE_WAITING, .order = ++orders};
}

static void learn_read(struct peer *p, const struct answer *a)
{
    if (!is_in(p)) {
        FUZZ_HOLDS(a->kind == ANSWER_ERR);
        return;
    }
    unsigned next = next_waiting(p->user, p->after);
    FUZZ_HOLDS(a->kind == (next == MESSAGES ? ANSWER_EMPTY : ANSWER_MESSAGE));
    if (next == MESSAGES)
        return;
    FUZZ_HOLDS(span_is(a->id, mail_ids[next]) && a->is_signed);
    FUZZ_HOLDS(span_is(a->sender, mail_people[mail_sender(next)]->identity.user));
    FUZZ_HOLDS(span_equal(a->body, buf_span(&mail_envelopes[next])));
    p->after = messages[next].order;
    unsigned left = 0;
    for (unsigned at = p->after; (next = next_waiting(p->user, at)) != MESSAGES; left++)
        at = messages[next].order;
    FUZZ_HOLDS(a->left == left);
}

static void learn_ack(const struct peer *p, const struct question *q, const struct answer *a)
{
    uint64_t unread;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == is_in(p));
    if (!is_in(p))
        return;
    for (unsigned i = q->message; i < q->message + q->count && i < MESSAGES; i++)
        if (mail_recipient(i) == p->user && messages[i].fate == FATE_WAITING)
            messages[i] = (struct message_state){.fate = FATE_READ, .order = messages[i].order};
    FUZZ_OK(answer_count(a, &unread));
    FUZZ_HOLDS(unread == model_count_waiting(p->user));
}

static void learn_list(const struct peer *p, const struct answer *a)
{
    struct answer_item item;
    struct span body = a->body;
    unsigned at = 0, next;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == is_in(p));
    if (!is_in(p))
        return;
    while ((next = next_waiting(p->user, at)) != MESSAGES) {
        FUZZ_OK(answer_take_item(&body, &item));
        FUZZ_HOLDS(span_is(item.id, mail_ids[next]) && item.bytes == mail_envelopes[next].len);
        at = messages[next].order;
    }
    FUZZ_HOLDS(body.len == 0);
}

static void learn_change(struct peer *p, const struct question *q, const struct answer *a)
{
    struct user_state *u = &model_users[p->user % USERS];
    bool may = is_in(p) && u->secret == q->secret;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == may);
    if (!may)
        return;
    u->version++;
    if (q->kind == ASKED_PASSWD) {
        u->secret = q->secret + 1;
        p->version = u->version;
    } else {
        *u = (struct user_state){.was_deleted = true, .version = u->version};
        forget_mailbox(p->user);
        p->is_over = true;
    }
}

/* The third refusal ends it, whatever it was. */
static bool is_third(struct peer *p, const struct question *q, const struct answer *a)
{
    bool counts = q->kind == ASKED_REGISTER || q->kind == ASKED_LOGIN || q->kind == ASKED_PASSWD ||
                  q->kind == ASKED_DELETE;
    bool is_state = is_code(a, CODE_BAD_STATE);
    if (counts && a->kind == ANSWER_ERR && !is_state)
        p->refusals++;
    return is_code(a, CODE_RATE_LIMITED);
}

void model_learn(struct peer *p, const struct question *q, const struct answer *a)
{
    if (a->kind == ANSWER_ERR && (code_is_closing(a->code) || a->code == CODE_TOO_LARGE))
        p->is_over = true;
    /* Whose account another session has changed is told so, by whatever answer comes next, and is out. */
    if (is_third(p, q, a) || is_code(a, CODE_AUTH_FAILED) || is_code(a, CODE_TIMEOUT)) {
        FUZZ_HOLDS(!is_in(p) || p->refusals > 0 || !is_code(a, CODE_AUTH_FAILED));
        p->is_over |= p->user < USERS && !is_in(p);
        return;
    }
    switch (q->kind) {
    case ASKED_REGISTER:
        learn_register(p, q, a);
        break;
    case ASKED_LOGIN:
        learn_login(p, q, a);
        break;
    case ASKED_COMPOSE:
        learn_compose(p, q, a);
        break;
    case ASKED_READ:
        learn_read(p, a);
        break;
    case ASKED_ACK:
        learn_ack(p, q, a);
        break;
    case ASKED_LIST:
        learn_list(p, a);
        break;
    case ASKED_PASSWD:
    case ASKED_DELETE:
        learn_change(p, q, a);
        break;
    case ASKED_EXIT:
        FUZZ_HOLDS(a->kind == ANSWER_BYE);
        p->is_over = true;
        break;
    case ASKED_JUNK:
        FUZZ_HOLDS(is_code(a, CODE_TAMPERED) || is_code(a, CODE_TOO_LARGE));
        p->is_over = true;
        break;
    case ASKED_OTHER:
        break;
    }
}
