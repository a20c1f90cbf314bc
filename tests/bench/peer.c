/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client for measurements: the project's own wire and crypto, over one blocking socket. */
#include "tests/bench/peer.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "crypto/envelope.h"
#include "crypto/random.h"

#include "base/banned.h"

#define LINE_MAX_BYTES ((size_t)65536)
#define NOW            UINT64_C(1795392000)

extern char **environ;

void peer_require(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

double peer_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void make_identity(struct identity *identity, struct buf *text, const char *user,
                          const struct vault *vault)
{
    *text = BUF_INIT(IDENTITY_MAX);
    peer_require(!identity_make(text, span_str(user), vault->sign, vault->seal) &&
                     !identity_parse(identity, buf_span(text)),
                 "making an identity");
}

void peer_make(struct peer *peer)
{
    uint8_t key[FERNET_KEY_LEN];
    random_key(key, sizeof(key));
    peer->token = BUF_INIT(8192);
    peer_require(!vault_generate(&peer->vault) && !vault_seal(&peer->token, &peer->vault, key, NOW),
                 "making keys");
    make_identity(&peer->sender, &peer->sender_text, "alice", &peer->vault);
    make_identity(&peer->recipient, &peer->recipient_text, "bob", &peer->vault);
}

void peer_free(struct peer *peer)
{
    vault_free(&peer->vault);
    buf_free(&peer->sender_text);
    buf_free(&peer->recipient_text);
    buf_free(&peer->token);
}

static void start(struct connection *c, int theirs)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, c->server->log, STDERR_FILENO);
    char *const *argv = c->server->argv;
    peer_require(posix_spawn(&c->pid, argv[0], &actions, NULL, argv, environ) == 0, argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(theirs);
}

/* Sends a line and reads one; returns its length without LF. */
static size_t exchange(struct connection *c, struct span line, char *reply)
{
    size_t len = 0;
    peer_require(write(c->fd, line.data, line.len) == (ssize_t)line.len, "writing");
    while (len == 0 || reply[len - 1] != '\n') {
        ssize_t n = read(c->fd, reply + len, LINE_MAX_BYTES - len);
        peer_require(n > 0, "reading an answer");
        len += (size_t)n;
    }
    return len - 1;
}

void peer_connect(struct connection *c, const struct server *server)
{
    static char reply[LINE_MAX_BYTES];
    uint8_t secret[EXCHANGE_LEN];
    struct hello_client hello;
    struct hello_answer answer;
    int fds[2];
    *c = (struct connection){.server = server};
    random_key(secret, sizeof(secret));
    peer_require(!hello_client_start(&hello, secret), "the handshake");
    peer_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
    c->fd = fds[0];
    double began = peer_clock_ms();
    start(c, fds[1]);
    size_t len = exchange(c, span_str(hello.line), reply);
    c->ms[PHASE_START] = peer_clock_ms() - began;
    if (server->is_bare)
        return;
    struct span line = span_of(reply, len);
    peer_require(!hello_client_parse(&answer, line) &&
                     !hello_client_finish(&c->keys, &hello, &answer, line),
                 "the handshake");
}

/* Seals a command and waits for its answer, which has to begin with `expected`. */
static void ask(struct connection *c, enum phase phase, struct buf *plain, const char *expected)
{
    static char reply[LINE_MAX_BYTES];
    struct buf line = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
    peer_require(!frame_seal(&line, &c->keys.client, NOW, buf_span(plain)), "sealing a frame");
    double began = peer_clock_ms();
    size_t len = exchange(c, buf_span(&line), reply);
    c->ms[phase] = peer_clock_ms() - began;
    if (!c->server->is_bare) {
        peer_require(!frame_open(&text, &c->keys.server, span_of(reply, len)), "opening a frame");
        peer_require(text.len >= strlen(expected) &&
                         memcmp(text.data, expected, strlen(expected)) == 0,
                     "a command");
    }
    buf_free(&line);
    buf_free(&text);
    buf_free(plain);
}

void peer_register(struct connection *c, const struct peer *peer, const struct identity *user)
{
    struct buf plain = BUF_INIT(LINE_MAX_BYTES);
    uint8_t salt[STRETCH_SALT_LEN], secret[32];
    char text[STRETCH_SECRET_SIZE];
    const struct buf *identity = user == &peer->sender ? &peer->sender_text : &peer->recipient_text;
    random_bytes(salt, sizeof(salt));
    random_key(secret, sizeof(secret));
    base64url_encode_text(text, sizeof(text), span_of(secret, sizeof(secret)));
    peer_require(!buf_printf(&plain, "REGISTER %s %s\n", user->user, text) &&
                     !account_body_make(&plain, salt, buf_span(identity), buf_span(&peer->token)),
                 "an account's body");
    ask(c, PHASE_LOGIN, &plain, "OK");
}

void peer_prove(struct connection *c, const struct peer *peer)
{
    struct buf plain = BUF_INIT(LINE_MAX_BYTES);
    uint8_t signature[RSA_LEN];
    peer_require(!login_proof_sign(signature, peer->vault.sign, span_str(peer->sender.user),
                                   c->keys.transcript, buf_span(&peer->token)) &&
                     !buf_printf(&plain, "PROVE %s\n", peer->sender.user) &&
                     !buf_append(&plain, signature, sizeof(signature)),
                 "a login's proof");
    ask(c, PHASE_LOGIN, &plain, "OK ");
}

void peer_compose(struct connection *c, const struct peer *peer, size_t n)
{
    static const uint8_t data[LINE_MAX_BYTES];
    struct buf plain = BUF_INIT(LINE_MAX_BYTES);
    char id[FIELD_ID_SIZE];
    field_make_id(id);
    struct message message = {.id = id,
                              .time = NOW,
                              .type = "text/plain",
                              .data = span_of(data, n)};
    peer_require(!buf_printf(&plain, "COMPOSE %s %s\n", peer->recipient.user, id) &&
                     !envelope_seal(&plain, &message, &peer->sender, peer->vault.sign,
                                    &peer->recipient),
                 "sealing a message");
    ask(c, PHASE_MESSAGE, &plain, "OK ");
}

static double in_ms(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

void peer_leave(struct connection *c)
{
    static char reply[LINE_MAX_BYTES];
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct rusage used;
    int status;
    peer_require(!frame_seal(&line, &c->keys.client, NOW, SPAN("EXIT")), "sealing a frame");
    double began = peer_clock_ms();
    exchange(c, buf_span(&line), reply);
    close(c->fd);
    peer_require(wait4(c->pid, &status, 0, &used) == c->pid, "wait4");
    c->ms[PHASE_END] = peer_clock_ms() - began;
    c->cpu_ms = in_ms(used.ru_utime) + in_ms(used.ru_stime);
    peer_require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server");
    hello_keys_wipe(&c->keys);
    buf_free(&line);
}
