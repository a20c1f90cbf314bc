/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole sessions against the handler, in this process: the input is a program for peers who hold the right keys,
 * alice and bob, and sometimes send what is no frame. While a session waits, another one may take place. What is
 * answered is held against a model of who is registered and which message waits where: what was acknowledged never
 * comes again, nothing comes twice or out of order, nothing that was accepted is lost. At the end the store is clean. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handler/session.h"
#include "store/operate.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/steady.h"
#include "tests/fuzz/targets/handler_session/model.h"

#define DEPTH 2

struct span peer_program;

static char root[200];
static struct settings settings =
    {.hello_timeout = 10,
     .login_timeout = 10,
     .idle_timeout = 600,
     .max_message = 65536,
     .quota = {.messages = QUOTA, .bytes = 1 << 20, .per_sender_percent = 100, .retention_days = 0},
     .guard = {.connections = GUARD_CONNECTIONS}};
static struct guard guard;   /* of local connections: nothing is braked */
static struct peer *waiting; /* whose session waits for input just now */
static unsigned depth;

void fuzz_start(void)
{
    mail_seal();
    snprintf(root, sizeof(root), "%s/store", fuzz_directory());
    FUZZ_HOLDS(mkdir(root, 0700) == 0);
    FUZZ_OK(guard_open(&guard, fuzz_directory(), &settings.guard));
}

static void run_session(void);

static void pass_time(uint8_t what)
{
    uint64_t days = what < 128 ? 0 : what - 127u;
    steady_pass(days * 86400 + what);
    if (days > 0)
        model_age();
}

/* Some of what the program has for this peer, until it is to wait for the answers. */
static void talk(struct peer *p)
{
    static const enum kind kinds[] = {ASKED_REGISTER, ASKED_LOGIN,  ASKED_COMPOSE, ASKED_COMPOSE,
                                      ASKED_READ,     ASKED_READ,   ASKED_ACK,     ASKED_LIST,
                                      ASKED_PASSWD,   ASKED_DELETE, ASKED_OTHER,   ASKED_EXIT,
                                      ASKED_JUNK};
    for (unsigned n = 0; n < 12; n++) {
        uint8_t op = fuzz_take_byte(&peer_program) % 20;
        if (peer_program.len == 0 || p->asked >= QUESTIONS || op == 19) {
            peer_close_input(p);
            return;
        }
        if (op < sizeof(kinds) / sizeof(kinds[0]))
            peer_ask(p, kinds[op]);
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
    peer_hear(p);
    if (p->to < 0)
        return;
    uint8_t op = fuzz_take_byte(&peer_program);
    if (op % 8 == 1)
        pass_time(fuzz_take_byte(&peer_program));
    if (op % 8 == 2 && depth < DEPTH)
        run_session();
    talk(p);
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
    peer_greet(&peer, store, draws);
    session_run(&session);
    store_maintain(store);
    waiting = before;
    exchange(was_in, was_out, &dropped[0], &dropped[1]);
    peer_hear(&peer);
    peer_close_input(&peer);
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
        enum err e = operate_show_account(store, mail_people[u]->identity.user, &account);
        FUZZ_HOLDS((e == ERR_OK) == (model_users[u].is_registered || model_users[u].was_deleted));
        if (model_users[u].is_registered)
            FUZZ_HOLDS(account.state == OPERATE_ACTIVE &&
                       account.messages == model_count_waiting(u));
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
    model_begin();
    peer_program = in;
    steady_begin();
    steady_set_draw(1);
    steady_on_wait(on_wait);
    for (unsigned n = 0; peer_program.len > 0 && n < 6; n++)
        run_session();
    steady_on_wait(NULL);
    check_store();
    fuzz_empty_directory(root);
}
