/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole sessions against the handler, in this process: the input is a program for peers who hold the right keys,
 * alice and bob, and sometimes send what is no frame. While a session waits, another one may take place. What is
 * answered is held against a model of who is registered and which message waits where: what was acknowledged never
 * comes again, nothing comes twice or out of order, nothing that was accepted is lost. At the end the store is clean. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "crypto/account_body.h"
#include "crypto/envelope.h"
#include "handler/session.h"
#include "store/operate.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"
#include "tests/fuzz/steady.h"

#define USERS      2
#define EACH       6 /* messages that each has for each */
#define MESSAGES   (USERS * USERS * EACH)
#define QUESTIONS  48
#define DEPTH      2
#define QUOTA      8
#define DAYS_KNOWN 30

/* What a peer asked, as far as the model needs it. */
enum kind {
    ASKED_OTHER,
    ASKED_REGISTER,
    ASKED_LOGIN,
    ASKED_COMPOSE,
    ASKED_READ,
    ASKED_ACK,
    ASKED_LIST,
    ASKED_PASSWD,
    ASKED_DELETE,
    ASKED_EXIT,
    ASKED_JUNK
};

struct question {
    enum kind kind;
    unsigned user;    /* who is to be: REGISTER, LOGIN */
    unsigned message; /* COMPOSE; ACK: the first */
    unsigned count;   /* ACK */
    uint32_t secret;  /* the number of the password */
};

enum fate { FATE_NONE, FATE_WAITING, FATE_READ };

struct message_state {
    enum fate fate;
    unsigned order;
    bool is_old; /* long enough read that its id may be forgotten */
};

struct user_state {
    bool is_registered, was_deleted;
    uint32_t secret;  /* the number of the password */
    unsigned version; /* of the account: sessions of before have ended */
};

/* A peer and its connection. */
struct peer {
    struct frame_end sending, receiving;
    int to; /* pipe into the handler; -1 once closed */
    int from;
    off_t read_to;
    bool has_greeted, is_over;
    struct question questions[QUESTIONS];
    unsigned asked, answered;
    unsigned user, version; /* who it is; USERS for nobody */
    unsigned after;         /* READ: the order of the last one given */
    unsigned refusals;
};

static char root[200];
static struct settings settings =
    {.hello_timeout = 10,
     .login_timeout = 10,
     .idle_timeout = 600,
     .max_message = 65536,
     .quota = {.messages = QUOTA, .bytes = 1 << 20, .per_sender_percent = 100, .retention_days = 0},
     .guard = {.connections = GUARD_CONNECTIONS}};
static struct guard guard; /* of local connections: nothing is braked */
static struct person *const people[USERS] = {&alice, &bob};
static struct buf envelopes[MESSAGES];
static char ids[MESSAGES][FIELD_ID_SIZE];
static struct buf vault_token;

static struct message_state messages[MESSAGES];
static struct user_state users[USERS];
static unsigned orders;
static struct span program;
static struct peer *waiting; /* whose session waits for input just now */
static unsigned depth;

static unsigned recipient_of(unsigned message)
{
    return message / EACH % USERS;
}

static unsigned sender_of(unsigned message)
{
    return message / EACH / USERS;
}

void fuzz_start(void)
{
    people_meet();
    snprintf(root, sizeof(root), "%s/store", fuzz_directory());
    FUZZ_HOLDS(mkdir(root, 0700) == 0);
    vault_token = BUF_INIT(8192);
    FUZZ_OK(fernet_seal(&vault_token, (const uint8_t[FERNET_KEY_LEN]){1}, 0, SPAN("vault")));
    for (unsigned n = 0; n < MESSAGES; n++) {
        snprintf(ids[n], FIELD_ID_SIZE, "%032x", n * 7919);
        const struct message m = {.id = ids[n], .type = "text/plain", .data = SPAN("text")};
        const struct person *from = people[sender_of(n)], *to = people[recipient_of(n)];
        envelopes[n] = BUF_INIT(65536);
        FUZZ_OK(envelope_seal(&envelopes[n], &m, &from->identity, from->sign, &to->identity));
    }
    FUZZ_OK(guard_open(&guard, fuzz_directory(), &settings.guard));
}

/* ---- the model ---- */

static unsigned count_waiting(unsigned user)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MESSAGES; i++)
        n += recipient_of(i) == user && messages[i].fate == FATE_WAITING;
    return n;
}

/* The earliest one that waits behind an order; MESSAGES for none. */
static unsigned next_waiting(unsigned user, unsigned after)
{
    unsigned best = MESSAGES;
    for (unsigned i = 0; i < MESSAGES; i++)
        if (recipient_of(i) == user && messages[i].fate == FATE_WAITING &&
            messages[i].order > after &&
            (best == MESSAGES || messages[i].order < messages[best].order))
            best = i;
    return best;
}

static bool is_in(const struct peer *p)
{
    return p->user < USERS && users[p->user].is_registered && users[p->user].version == p->version;
}

static void enter(struct peer *p, unsigned user)
{
    p->user = user;
    p->version = users[user].version;
    p->after = 0;
}

static void forget_mailbox(unsigned user)
{
    for (unsigned i = 0; i < MESSAGES; i++)
        if (recipient_of(i) == user)
            messages[i] = (struct message_state){.fate = FATE_NONE};
}

static bool is_code(const struct answer *a, enum code code)
{
    return a->kind == ANSWER_ERR && a->code == code;
}

static void learn_register(struct peer *p, const struct question *q, const struct answer *a)
{
    struct user_state *u = &users[q->user];
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
    const struct user_state *u = &users[q->user];
    bool may = p->user == USERS && u->is_registered && u->secret == q->secret;
    FUZZ_HOLDS((a->kind == ANSWER_OK) == may);
    if (may) {
        enter(p, q->user);
        FUZZ_OK(answer_count(a, &unread));
        FUZZ_HOLDS(unread == count_waiting(q->user) && a->has_body);
    }
}

static void learn_compose(const struct peer *p, const struct question *q, const struct answer *a)
{
    struct message_state *m = &messages[q->message];
    unsigned to = recipient_of(q->message);
    bool may = is_in(p) && p->user == sender_of(q->message) && users[to].is_registered;
    bool is_duplicate = a->kind == ANSWER_OK && a->rest.len > FIELD_ID_LEN;
    FUZZ_HOLDS(a->kind != ANSWER_OK || may);
    FUZZ_HOLDS(!is_duplicate || m->fate != FATE_NONE);
    if (!may)
        return;
    FUZZ_HOLDS(a->kind == ANSWER_OK || is_code(a, CODE_MAILBOX_FULL));
    FUZZ_HOLDS(a->kind == ANSWER_OK || count_waiting(to) >= QUOTA);
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
    FUZZ_HOLDS(span_is(a->id, ids[next]) && a->is_signed);
    FUZZ_HOLDS(span_is(a->sender, people[sender_of(next)]->identity.user));
    FUZZ_HOLDS(span_equal(a->body, buf_span(&envelopes[next])));
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
        if (recipient_of(i) == p->user && messages[i].fate == FATE_WAITING)
            messages[i] = (struct message_state){.fate = FATE_READ, .order = messages[i].order};
    FUZZ_OK(answer_count(a, &unread));
    FUZZ_HOLDS(unread == count_waiting(p->user));
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
        FUZZ_HOLDS(span_is(item.id, ids[next]) && item.bytes == envelopes[next].len);
        at = messages[next].order;
    }
    FUZZ_HOLDS(body.len == 0);
}

static void learn_change(struct peer *p, const struct question *q, const struct answer *a)
{
    struct user_state *u = &users[p->user % USERS];
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

static void learn(struct peer *p, const struct question *q, const struct answer *a)
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

/* ---- what peers hear ---- */

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
    learn(p, p->answered < p->asked ? &p->questions[p->answered] : &unasked, &a);
    p->answered++;
    buf_free(&plain);
}

/* Everything that the handler has sent until now. */
static void hear(struct peer *p)
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

/* ---- what peers say ---- */

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
        size_t at = fuzz_take_number(&program, 65536) % (line.len - 1);
        line.data[at] ^= (uint8_t)(1u << fuzz_take_byte(&program) % 7);
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
        FUZZ_OK(buf_printf(plain, "%s\n", ids[i]));
}

/* Any command that changes nothing, or no command at all; what would change something isn't said. */
static void add_any(struct buf *plain)
{
    struct frame_parts parts;
    struct command command;
    FUZZ_OK(buf_append_span(plain, fuzz_take(&program, fuzz_take_byte(&program))));
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
    const char *user = people[q->user]->identity.user;
    switch (q->kind) {
    case ASKED_REGISTER:
        FUZZ_OK(buf_printf(plain, "REGISTER %s", user));
        add_secret(plain, q->secret);
        FUZZ_OK(buf_append_byte(plain, '\n'));
        FUZZ_OK(account_body_make(plain, (const uint8_t[STRETCH_SALT_LEN]){2},
                                  buf_span(&people[q->user]->text), buf_span(&vault_token)));
        break;
    case ASKED_LOGIN:
        FUZZ_OK(buf_printf(plain, "LOGIN %s", user));
        add_secret(plain, q->secret);
        break;
    case ASKED_COMPOSE:
        FUZZ_OK(buf_printf(plain, "COMPOSE %s %s\n",
                           people[recipient_of(q->message)]->identity.user, ids[q->message]));
        FUZZ_OK(buf_append_span(plain, buf_span(&envelopes[q->message])));
        break;
    case ASKED_ACK:
        add_ids(plain, q);
        break;
    case ASKED_PASSWD:
        FUZZ_OK(buf_append_str(plain, "PASSWD"));
        add_secret(plain, q->secret);
        add_secret(plain, q->secret + 1);
        FUZZ_OK(buf_append_byte(plain, '\n'));
        FUZZ_OK(
            lock_body_make(plain, (const uint8_t[STRETCH_SALT_LEN]){3}, buf_span(&vault_token)));
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

static void ask(struct peer *p, enum kind kind)
{
    struct buf plain = BUF_INIT(1 << 20);
    uint8_t what = fuzz_take_byte(&program);
    struct question q = {.kind = kind,
                         .user = what % USERS,
                         .message = what % MESSAGES,
                         .count = 1};
    if (kind == ASKED_ACK)
        q.count = fuzz_take_byte(&program) % MESSAGES;
    /* Mostly the right one. */
    unsigned of = kind == ASKED_PASSWD || kind == ASKED_DELETE ? p->user % USERS : q.user;
    q.secret = users[of].secret + (what >= 240);
    add_question(&q, &plain);
    send_question(p, &q, &plain);
    buf_free(&plain);
}

static void close_input(struct peer *p)
{
    if (p->to >= 0)
        close(p->to);
    p->to = -1;
}

static void run_session(void);

static void pass_time(uint8_t what)
{
    uint64_t days = what < 128 ? 0 : what - 127u;
    steady_pass(days * 86400 + what);
    for (unsigned i = 0; i < MESSAGES && days > 0; i++)
        messages[i].is_old = true;
}

/* Some of what the program has for this peer, until it is to wait for the answers. */
static void talk(struct peer *p)
{
    static const enum kind kinds[] = {ASKED_REGISTER, ASKED_LOGIN,  ASKED_COMPOSE, ASKED_COMPOSE,
                                      ASKED_READ,     ASKED_READ,   ASKED_ACK,     ASKED_LIST,
                                      ASKED_PASSWD,   ASKED_DELETE, ASKED_OTHER,   ASKED_EXIT,
                                      ASKED_JUNK};
    for (unsigned n = 0; n < 12; n++) {
        uint8_t op = fuzz_take_byte(&program) % 20;
        if (program.len == 0 || p->asked >= QUESTIONS || op == 19) {
            close_input(p);
            return;
        }
        if (op < sizeof(kinds) / sizeof(kinds[0]))
            ask(p, kinds[op]);
        else
            return;
    }
}

/* The session of `waiting` has answered all there was: what came is looked at, and what comes next is said. */
static void on_wait(void)
{
    struct peer *p = waiting;
    int unread = 0;
    if (p == NULL || ioctl(STDIN_FILENO, FIONREAD, &unread) != 0 || unread > 0)
        return;
    hear(p);
    if (p->to < 0)
        return;
    uint8_t op = fuzz_take_byte(&program);
    if (op % 8 == 1)
        pass_time(fuzz_take_byte(&program));
    if (op % 8 == 2 && depth < DEPTH)
        run_session();
    talk(p);
}

/* What the server draws is known, so the peer needn't wait for its answer to have the keys. */
static void greet(struct peer *p, const struct store *store, uint64_t draw)
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

static struct store *open_store(void)
{
    char message[512];
    struct store *store = NULL;
    FUZZ_OK(store_open(&store, root, &settings.quota, message, sizeof(message)));
    return store;
}

/* Puts the two in the place of stdin and stdout; what was there comes back by the same call. */
static void exchange(int in, int out, int *was_in, int *was_out)
{
    *was_in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    *was_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    FUZZ_HOLDS(dup2(in, STDIN_FILENO) == STDIN_FILENO && dup2(out, STDOUT_FILENO) == STDOUT_FILENO);
}

static void run_session(void)
{
    static uint64_t draws = 1000;
    int pipes[2], was_in, was_out, dropped[2];
    struct peer peer = {.user = USERS}, *before = waiting;
    struct store *store = open_store();
    struct session session = {.settings = &settings,
                              .store = store,
                              .guard = &guard,
                              .stop_fd = -1};
    FUZZ_HOLDS(pipe2(pipes, O_CLOEXEC) == 0 && fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 18);
    peer.to = pipes[1];
    peer.from = fuzz_memory_file(SPAN(""));
    depth++;
    exchange(pipes[0], peer.from, &was_in, &was_out);
    waiting = &peer;
    steady_set_draw(++draws);
    greet(&peer, store, draws);
    session_run(&session);
    store_maintain(store);
    waiting = before;
    exchange(was_in, was_out, &dropped[0], &dropped[1]);
    hear(&peer);
    close_input(&peer);
    FUZZ_HOLDS(peer.is_over || peer.answered >= peer.asked);
    for (size_t i = 0; i < 2; i++)
        close(dropped[i]);
    close(was_in);
    close(was_out);
    close(pipes[0]);
    close(peer.from);
    store_close(store);
    depth--;
}

/* What the store has is what the model says, and it finds nothing wrong with itself. */
static void check_store(void)
{
    struct store *store = open_store();
    for (unsigned u = 0; u < USERS; u++) {
        struct operate_account account;
        enum err e = operate_show_account(store, people[u]->identity.user, &account);
        FUZZ_HOLDS((e == ERR_OK) == (users[u].is_registered || users[u].was_deleted));
        if (users[u].is_registered)
            FUZZ_HOLDS(account.state == OPERATE_ACTIVE && account.messages == count_waiting(u));
    }
    for (unsigned shard = 0; shard < operate_shard_count(store); shard++) {
        struct operate_check check;
        enum err e = operate_check(store, shard, false, &check);
        FUZZ_HOLDS(e == ERR_NOT_FOUND || (e == ERR_OK && check.verdict == OPERATE_CLEAN));
    }
    store_close(store);
}

void fuzz_one(struct span in)
{
    memset(messages, 0, sizeof(messages));
    memset(users, 0, sizeof(users));
    orders = 0;
    program = in;
    steady_begin();
    steady_set_draw(1);
    steady_on_wait(on_wait);
    for (unsigned n = 0; program.len > 0 && n < 6; n++)
        run_session();
    steady_on_wait(NULL);
    check_store();
    fuzz_empty_directory(root);
}
