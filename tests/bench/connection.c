/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection costs, against the least that it could (bare.c), and against a handler that doesn't
 * confine itself (unconfined.c). Two are measured in turns, so that whatever else the machine does falls on
 * both alike, and compared by their medians.
 *
 * Usage: connection HANDLER BARE UNCONFINED DIRECTORY [ROUNDS] (`make bench` calls it; DIRECTORY must not
 * exist) */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/bench/peer.h"

#include "base/banned.h"

#define ROUNDS_MAX  5000
#define BATCHES     5  /* of the rounds: how far their ratios lie apart tells what one is worth */
#define TEXT        16 /* bytes: with its fields and signatures an envelope of 1.6 KB */
#define PINGS       5000
#define PING_ROUNDS 9

/* What is measured of a connection: its phases, their sum, and the processor's time. */
enum column { SUM = PHASE_COUNT, PROCESSOR, COLUMNS };

struct series {
    double ms[COLUMNS][ROUNDS_MAX];
};

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(const double *values, size_t n)
{
    static double sorted[ROUNDS_MAX];
    memcpy(sorted, values, n * sizeof(*values));
    qsort(sorted, n, sizeof(*sorted), compare);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void record(struct series *series, size_t round, const struct connection *c)
{
    double sum = 0;
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        series->ms[i][round] = c->ms[i];
        sum += c->ms[i];
    }
    series->ms[SUM][round] = sum;
    series->ms[PROCESSOR][round] = c->cpu_ms;
}

static void visit(const struct server *server, const struct peer *peer, bool has_message,
                  struct connection *c)
{
    peer_connect(c, server);
    if (has_message) {
        peer_prove(c, peer);
        peer_compose(c, peer, TEXT);
    }
    peer_leave(c);
}

/* One line: both medians, their ratio, and the least and the most of the batches' ratios. */
static void report(const char *what, const double *bare, const double *ours, size_t rounds)
{
    double least = 1e9, most = 0;
    for (size_t i = 0; i < BATCHES; i++) {
        size_t from = rounds * i / BATCHES, n = rounds * (i + 1) / BATCHES - from;
        double ratio = median(ours + from, n) / median(bare + from, n);
        least = ratio < least ? ratio : least;
        most = ratio > most ? ratio : most;
    }
    double b = median(bare, rounds), o = median(ours, rounds);
    printf("%-34s %8.3f %8.3f %7.2f   %.2f-%.2f\n", what, b, o, o / b, least, most);
}

static void compare_connections(const struct server servers[2], const struct peer *peer,
                                bool has_message, size_t rounds)
{
    static struct series series[2];
    static const char *const parts[PHASE_COUNT] = {"  start and handshake", "  PROVE",
                                                   "  COMPOSE, 1.6 KB, durable", "  EXIT and end"};
    struct connection c;
    for (size_t round = 0; round < rounds + 3; round++)
        for (size_t i = 0; i < 2; i++) {
            visit(&servers[i], peer, has_message, &c);
            if (round >= 3) /* the first ones warm up */
                record(&series[i], round - 3, &c);
        }
    report(has_message ? "login and message" : "handshake alone", series[0].ms[SUM],
           series[1].ms[SUM], rounds);
    for (size_t i = 0; i < PHASE_COUNT; i++)
        if (has_message || i == PHASE_START || i == PHASE_END)
            report(parts[i], series[0].ms[i], series[1].ms[i], rounds);
    report("  processor time", series[0].ms[PROCESSOR], series[1].ms[PROCESSOR], rounds);
}

/* Sends all of it while taking in n lines. */
static void pipeline(int fd, struct span out, size_t n)
{
    static char in[65536];
    size_t sent = 0;
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = (short)(sent < out.len ? POLLIN | POLLOUT : POLLIN)};
        peer_require(poll(&p, 1, -1) > 0, "poll");
        if (p.revents & POLLOUT) {
            ssize_t done = send(fd, out.data + sent, out.len - sent, MSG_DONTWAIT);
            sent += done > 0 ? (size_t)done : 0;
        }
        if (p.revents & POLLIN) {
            ssize_t got = recv(fd, in, sizeof(in), MSG_DONTWAIT);
            peer_require(got != 0, "a pipelined PING");
            for (ssize_t i = 0; i < got; i++)
                n -= in[i] == '\n';
        }
    }
}

/* Milliseconds of opening and sealing as many frames here, in memory. */
static double frames_alone(const struct buf *frames, const struct frame_end *before)
{
    struct frame_end in = *before, out = *before;
    struct buf plain = BUF_INIT(1000), line = BUF_INIT(1000);
    struct span rest = buf_span(frames);
    double began = peer_clock_ms();
    while (rest.len > 0) {
        size_t len = frame_line_len(4);
        buf_clear(&plain);
        buf_clear(&line);
        peer_require(!frame_open(&plain, &in, span_of(rest.data, len - 1)) &&
                         !frame_seal(&line, &out, 0, SPAN("OK")),
                     "a frame");
        rest = span_of(rest.data + len, rest.len - len);
    }
    double ms = peer_clock_ms() - began;
    buf_free(&plain);
    buf_free(&line);
    return ms;
}

static void compare_frames(const struct server *handler, const struct peer *peer)
{
    static double alone[PING_ROUNDS], ours[PING_ROUNDS];
    struct connection c;
    peer_connect(&c, handler);
    peer_prove(&c, peer);
    for (size_t round = 0; round < PING_ROUNDS; round++) {
        struct frame_end before = c.keys.client;
        struct buf frames = BUF_INIT(PINGS * frame_line_len(4));
        for (size_t i = 0; i < PINGS; i++)
            peer_require(!frame_seal(&frames, &c.keys.client, 0, SPAN("PING")), "sealing");
        alone[round] = frames_alone(&frames, &before) / PINGS;
        double began = peer_clock_ms();
        pipeline(c.fd, buf_span(&frames), PINGS);
        ours[round] = (peer_clock_ms() - began) / PINGS;
        c.keys.server.sequence += PINGS;
        buf_free(&frames);
    }
    peer_leave(&c);
    report("PING, pipelined (bare: its frames)", alone, ours, PING_ROUNDS);
    printf("%-34s %17.0f a second\n", "", 1000 / median(ours, PING_ROUNDS));
}

static void make_account(const struct server *handler, const struct peer *peer,
                         const struct identity *user)
{
    struct connection c;
    peer_connect(&c, handler);
    peer_register(&c, peer, user);
    peer_leave(&c);
}

/* The same twice, but that one confines itself. */
static void compare_confinement(const struct server *handler, const struct server *unconfined,
                                const struct peer *peer, size_t rounds)
{
    const struct server servers[] = {*unconfined, *handler};
    printf("\n%-34s %8s %8s %7s   %s\n", "", "free/ms", "ours/ms", "ratio", "between");
    compare_connections(servers, peer, false, rounds);
    compare_connections(servers, peer, true, rounds);
}

static void run(char *paths[static 4], const struct peer *peer, size_t rounds)
{
    char store[4096], log[4096], path[4096], share[] = "--mailbox-per-sender=100",
                                             handshake[] = "handshake", message[] = "message";
    char *const ours[] = {paths[0], store, share, NULL};
    char *const free_ones[] = {paths[2], store, share, NULL};
    char *const bare[] = {paths[1], handshake, NULL};
    char *const bare_message[] = {paths[1], message, log, NULL};
    snprintf(path, sizeof(path), "%s/stderr.log", paths[3]);
    int err = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    peer_require(err >= 0, path);
    const struct server handler = {.argv = ours, .log = err};
    const struct server unconfined = {.argv = free_ones, .log = err};
    const struct server short_ones[] = {{.argv = bare, .log = err, .is_bare = true}, handler};
    const struct server long_ones[] = {{.argv = bare_message, .log = err, .is_bare = true},
                                       handler};
    snprintf(store, sizeof(store), "--store=%s/store", paths[3]);
    snprintf(log, sizeof(log), "%s/bare.log", paths[3]);
    make_account(&handler, peer, &peer->sender);
    make_account(&handler, peer, &peer->recipient);
    printf("%-34s %8s %8s %7s   %s\n", "", "bare/ms", "ours/ms", "ratio", "between");
    compare_connections(short_ones, peer, false, rounds);
    compare_connections(long_ones, peer, true, rounds);
    compare_frames(&handler, peer);
    compare_confinement(&handler, &unconfined, peer, rounds);
    close(err);
}

int main(int argc, char *argv[])
{
    struct peer peer;
    size_t rounds = argc == 6 ? (size_t)strtoul(argv[5], NULL, 10) : 200;
    if (argc < 5 || argc > 6 || rounds < BATCHES || rounds > ROUNDS_MAX) {
        fputs("Usage: connection HANDLER BARE UNCONFINED DIRECTORY [ROUNDS: 5 to 5000]\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    peer_require(!crypto_init(65536), "libgcrypt");
    peer_require(mkdir(argv[4], 0700) == 0, argv[4]);
    peer_make(&peer);
    run(argv + 1, &peer, rounds);
    peer_free(&peer);
    crypto_end();
    return 0;
}
