/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operation costs beside few and beside many waiting messages. Two stores with the same 10,000 mailboxes
 * are used by turns: one keeps its 1,000 messages, the other is filled up step by step. Each operation goes to
 * a mailbox at random, so most of them find a shard that this handle hasn't open, as a session's first does;
 * and each is settled. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/bench/store/subjects.h"

#include "base/banned.h"

#define MAILBOXES 10000
#define FEW       1000
#define BODY      1000
#define BLOCKS    16
#define SAMPLES   32
#define GOAL      1.5

struct stock {
    char path[RIG_PATH];
    struct store *store;
    struct store_login *logins;
    uint64_t waiting;
    double put[BLOCKS * SAMPLES]; /* seconds */
    double take[BLOCKS * SAMPLES];
    double open[BLOCKS * SAMPLES];
};

/* Cost beside so many messages, as multiples of that beside FEW. */
struct cost {
    double put, take, open;
};

static void fill(struct stock *stock, uint64_t messages)
{
    for (; stock->waiting < messages; stock->waiting++) {
        rig_put(stock->store, (unsigned)(stock->waiting % MAILBOXES), BODY);
        if (stock->waiting % 1024 == 0)
            rig_settle(stock->store);
    }
    rig_settle(stock->store);
}

static struct stock *found(const struct rig *rig, const char *name)
{
    struct stock *stock = calloc(1, sizeof(*stock));
    rig_require(stock != NULL, "memory");
    stock->logins = calloc(MAILBOXES, sizeof(stock->logins[0]));
    rig_require(stock->logins != NULL, "memory");
    rig_path(stock->path, rig->directory, name);
    stock->store = rig_open(stock->path);
    for (unsigned i = 0; i < MAILBOXES; i++) {
        stock->logins[i] = rig_enter(stock->store, i);
        if (i % 1024 == 0)
            rig_settle(stock->store);
    }
    fill(stock, FEW);
    return stock;
}

static void discard(struct stock *stock)
{
    store_close(stock->store);
    rig_remove(stock->path);
    free(stock->logins);
    free(stock);
}

static void sample(struct stock *stock, size_t at, uint64_t *state)
{
    unsigned user = (unsigned)(rig_random(state) % MAILBOXES);
    double start = rig_now();
    rig_put(stock->store, user, BODY);
    rig_settle(stock->store);
    double middle = rig_now();
    rig_take(stock->store, &stock->logins[user]);
    rig_settle(stock->store);
    double end = rig_now();
    store_close(rig_open(stock->path));
    stock->put[at] = middle - start;
    stock->take[at] = end - middle;
    stock->open[at] = rig_now() - end;
}

static struct cost compare(struct stock *few, struct stock *many, FILE *results)
{
    size_t n = BLOCKS * SAMPLES;
    uint64_t state = many->waiting;
    for (size_t i = 0; i < BLOCKS; i++) {
        for (size_t j = 0; j < SAMPLES; j++)
            sample(few, i * SAMPLES + j, &state);
        for (size_t j = 0; j < SAMPLES; j++)
            sample(many, i * SAMPLES + j, &state);
    }
    double put = rig_median(many->put, n);
    double take = rig_median(many->take, n);
    double open = rig_median(many->open, n);
    const struct cost cost = {.put = put / rig_median(few->put, n),
                              .take = take / rig_median(few->take, n),
                              .open = open / rig_median(few->open, n)};
    printf("  %8" PRIu64
           " messages   put %.3f ms (%.2f)   take %.3f ms (%.2f)   open %.3f ms (%.2f)\n",
           many->waiting, put * 1e3, cost.put, take * 1e3, cost.take, open * 1e3, cost.open);
    fflush(stdout);
    fprintf(results, "%" PRIu64 " %.3f %.3f %.3f\n", many->waiting, cost.put, cost.take, cost.open);
    return cost;
}

void stock_measure(const struct rig *rig)
{
    struct stock *few = found(rig, "few");
    struct stock *many = found(rig, "many");
    struct cost cost = {0};
    FILE *results = rig_results(rig, "stock.dat");
    fprintf(results, "# messages waiting; cost of put, take, open beside %d\n", FEW);
    printf(
        "Cost beside waiting messages of 1 KB in %d mailboxes, and its ratio to that beside %d:\n",
        MAILBOXES, FEW);
    for (uint64_t next = FEW; many->waiting < rig->messages || next == FEW; next *= 10) {
        fill(many, next < rig->messages ? next : rig->messages);
        cost = compare(few, many, results);
    }
    printf("  beside %" PRIu64 ": put %.2f  take %.2f  open %.2f  goal <= %.1f each\n",
           many->waiting, cost.put, cost.take, cost.open, GOAL);
    fclose(results);
    discard(few);
    discard(many);
}
