/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many sessions at once from one process, and the books of what they send and are given.
 *
 * Usage: load PORT SECONDS SESSIONS PREFIX     (run.py calls it; PREFIX begins the accounts' names)
 *
 * It says on stdout where it stands, and goes on when it is given a line on stdin:
 *   kept ROLE    the sessions of a role whose handlers are not to be killed are there, and no others since
 *   ready        all are there
 *   warm         those that are kept have done a good deal
 *   draining     the time is over: nothing new is sent (it waits for no line here)
 *   done         all books are settled, and all sessions there
 *   figures ...  all have left: what was counted. The last line
 * and `wrong: ...` for whatever doesn't add up. Status 1 if anything was wrong. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/base64.h"
#include "base/clock.h"
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "tests/load/books.h"
#include "tests/load/roles.h"

#include "base/banned.h"

#define SESSIONS_MAX 2000
#define ADDRESSES    10
#define WARM         32 /* commands of a kept session's own kind: by then it has been everywhere */

/* The parts of all sessions, of which one in KEPT_EACH is kept. */
enum part { PART_IDLE, PART_WAIT, PART_SEND, PART_READ, PARTS };
#define KEPT_EACH 8

static const struct {
    const struct role *role;
    size_t percent;
} parts[PARTS] = {{&role_idle, 30}, {&role_wait, 30}, {&role_send, 20}, {&role_read, 20}};

struct load {
    struct world world;
    struct books books;
    struct vault vault;
    struct session *sessions;
    size_t count, first[PARTS + 1]; /* of each part's sessions */
    struct sender *senders;
    struct reader *readers;
};

static void require(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "load: %s failed\n", what);
    exit(2);
}

/* ---- making ---- */

static void make_person(struct load *load, struct person *person, const char *prefix, size_t i)
{
    uint8_t secret[32];
    random_key(secret, sizeof(secret));
    base64url_encode_text(person->secret, sizeof(person->secret), span_of(secret, sizeof(secret)));
    snprintf(person->name, sizeof(person->name), "%s%zu", prefix, i);
    person->text = BUF_INIT(IDENTITY_MAX);
    require(!identity_make(&person->text, span_str(person->name), load->vault.sign,
                           load->vault.seal) &&
                !identity_parse(&person->identity, buf_span(&person->text)),
            "making an identity");
}

static void make_keys(struct load *load)
{
    uint8_t key[FERNET_KEY_LEN];
    random_key(key, sizeof(key));
    load->world.token = BUF_INIT(8192);
    require(!vault_generate(&load->vault) &&
                !vault_seal(&load->world.token, &load->vault, key, clock_wall()),
            "making keys");
}

static void make_sessions(struct load *load, const char *prefix)
{
    for (size_t part = 0; part < PARTS; part++)
        for (size_t i = load->first[part]; i < load->first[part + 1]; i++) {
            struct session *s = &load->sessions[i];
            size_t n = i - load->first[part], all = load->first[part + 1] - load->first[part];
            *s = (struct session){.world = &load->world, .role = parts[part].role, .number = i};
            s->is_kept = n < (all + KEPT_EACH - 1) / KEPT_EACH;
            s->fd = -1;
            s->due = CLOCK_NEVER;
            make_person(load, &s->person, prefix, i);
            if (part == PART_SEND) {
                load->senders[n] =
                    (struct sender){.readers = load->sessions + load->first[PART_READ],
                                    .self = n,
                                    .count = all,
                                    .pause_ms = s->is_kept ? 2000 : 6000};
                s->own = &load->senders[n];
            } else if (part == PART_READ) {
                load->readers[n] = (struct reader){.first = n * ROUTES_EACH};
                s->own = &load->readers[n];
            }
        }
}

static void make_load(struct load *load, uint16_t port, size_t sessions, const char *prefix)
{
    for (size_t part = 0; part < PARTS; part++) {
        size_t n = sessions * parts[part].percent / 100;
        load->first[part + 1] = load->first[part] + (n == 0 ? 1 : n);
    }
    load->count = load->first[PARTS];
    size_t pairs = load->first[PART_READ] - load->first[PART_SEND];
    load->sessions = calloc(load->count, sizeof(*load->sessions));
    load->senders = calloc(pairs, sizeof(*load->senders));
    load->readers = calloc(pairs, sizeof(*load->readers));
    require(load->sessions && load->senders && load->readers, "memory");
    books_open(&load->books, pairs * ROUTES_EACH);
    load->world.books = &load->books;
    load->world.vault = &load->vault;
    load->world.port = port;
    load->world.addresses = ADDRESSES;
    make_keys(load);
    make_sessions(load, prefix);
}

static void free_load(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        session_free(&load->sessions[i]);
    for (size_t i = 0; i < load->first[PART_READ] - load->first[PART_SEND]; i++)
        sender_free(&load->senders[i]);
    books_close(&load->books);
    vault_free(&load->vault);
    buf_free(&load->world.token);
    free(load->sessions);
    free(load->senders);
    free(load->readers);
}

/* ---- going ---- */

static int wait_ms(const struct load *load)
{
    uint64_t due = clock_monotonic_ms() + 1000;
    for (size_t i = 0; i < load->count; i++) {
        uint64_t own = session_due(&load->sessions[i]);
        due = own < due ? own : due;
    }
    return clock_poll_timeout(due);
}

/* One round: whatever can be done is. */
static void turn(struct load *load)
{
    static struct pollfd fds[SESSIONS_MAX];
    for (size_t i = 0; i < load->count; i++)
        fds[i] = session_poll(&load->sessions[i]);
    if (poll(fds, load->count, wait_ms(load)) < 0)
        return;
    for (size_t i = 0; i < load->count; i++)
        session_move(&load->sessions[i], fds[i].fd < 0 ? 0 : fds[i].revents, clock_monotonic_ms());
}

static bool is_there(const struct load *load, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (load->sessions[i].stage != STAGE_SERVED && load->sessions[i].due != CLOCK_NEVER)
            return false;
    for (size_t i = from; i < to; i++)
        if (load->sessions[i].fd >= 0 && load->sessions[i].stage != STAGE_SERVED)
            return false;
    return true;
}

/* Lets the sessions of a range come, those that are kept or the others, and waits for them. */
static void admit(struct load *load, size_t from, size_t to, bool is_kept)
{
    for (size_t i = from; i < to; i++)
        if (load->sessions[i].is_kept == is_kept)
            load->sessions[i].due = 0;
    do
        turn(load);
    while (!is_there(load, from, to));
}

static bool is_warm(const struct load *load)
{
    for (size_t i = load->first[PART_WAIT]; i < load->count; i++)
        if (load->sessions[i].is_kept && load->sessions[i].done < WARM)
            return false;
    return true;
}

static bool is_settled(const struct load *load)
{
    if (!books_is_accepted(&load->books) || !is_there(load, 0, load->count))
        return false;
    for (size_t i = 0; i < load->first[PARTS] - load->first[PART_READ]; i++)
        if (!load->readers[i].is_waiting || load->readers[i].pending > 0 ||
            !books_is_given(&load->books, load->readers[i].first, ROUTES_EACH))
            return false;
    return true;
}

static bool is_gone(const struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        if (load->sessions[i].stage != STAGE_GONE)
            return false;
    return true;
}

/* Says where the load stands, and goes on when told so. */
static void report(const char *what, const char *of)
{
    char line[16];
    printf("%s%s\n", what, of);
    if (!fgets(line, sizeof(line), stdin))
        exit(2);
}

static void leave(struct load *load)
{
    load->world.is_leaving = true;
    for (size_t i = 0; i < load->count; i++)
        session_leave(&load->sessions[i]);
    while (!is_gone(load))
        turn(load);
}

static void run(struct load *load, uint64_t seconds)
{
    for (size_t part = 0; part < PARTS; part++) {
        admit(load, load->first[part], load->first[part + 1], true);
        report("kept ", parts[part].role->name);
    }
    admit(load, 0, load->count, false);
    report("ready", "");
    load->world.is_sending = true;
    uint64_t end = clock_monotonic_ms() + 1000 * seconds;
    while (!is_warm(load))
        turn(load);
    report("warm", "");
    while (clock_monotonic_ms() < end)
        turn(load);
    load->world.is_sending = false;
    printf("draining\n");
    while (!is_settled(load))
        turn(load);
    report("done", "");
    leave(load);
    books_balance(&load->books);
}

static void print_figures(const struct load *load)
{
    const struct books *b = &load->books;
    const struct world *w = &load->world;
    printf("figures sessions=%zu messages=%llu accepted=%llu repeated=%llu given=%llu again=%llu "
           "removed=%llu commands=%llu logins=%llu losses=%llu refusals=%llu wrong=%llu\n",
           load->count, (unsigned long long)b->written, (unsigned long long)b->accepted,
           (unsigned long long)b->repeated, (unsigned long long)b->given,
           (unsigned long long)b->given_again, (unsigned long long)b->removed,
           (unsigned long long)w->commands, (unsigned long long)w->logins,
           (unsigned long long)w->losses, (unsigned long long)w->refusals,
           (unsigned long long)b->wrong);
}

int main(int argc, char *argv[])
{
    static struct load load;
    unsigned long port = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long seconds = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned long sessions = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    if (port == 0 || port > 65535 || sessions == 0 || sessions > SESSIONS_MAX - PARTS) {
        fputs("Usage: load PORT SECONDS SESSIONS PREFIX\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    require(!crypto_init(65536), "libgcrypt");
    make_load(&load, (uint16_t)port, sessions, argv[4]);
    run(&load, seconds);
    print_figures(&load);
    uint64_t wrong = load.books.wrong;
    free_load(&load);
    crypto_end();
    return wrong == 0 ? 0 : 1;
}
