/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: is everything in the store as it was written? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/progress.h"

#include "base/banned.h"

static const char *const verdicts[] = {
    [OPERATE_CLEAN] = "clean",
    [OPERATE_REPAIRED] = "repaired",
    [OPERATE_DAMAGED] = "damaged",
};

struct totals {
    enum operate_verdict worst;
    unsigned shards;     /* in use */
    unsigned unfinished; /* of them */
    uint64_t records;
};

/* A repair that has come to its end. */
static void print_repaired(unsigned shard, const struct operate_check *c)
{
    if (c->lost_records > 0)
        printf("shard %u: repaired: %" PRIu64 " record%s left out; the old log", shard,
               c->lost_records, admin_plural(c->lost_records));
    else
        printf("shard %u: repaired: the index is made again; the old one", shard);
    printf(" is kept as %s (%" PRIu64 " KiB; remove it when done)\n", c->kept,
           (c->kept_bytes + 1023) / 1024);
}

static void print_shard(const struct admin *admin, unsigned shard, const struct operate_check *c)
{
    if (admin->is_json)
        printf("{\"shard\":%u,\"verdict\":\"%s\",\"records\":%" PRIu64
               ",\"damaged_records\":%" PRIu64 ",\"differences\":%" PRIu64 "}\n",
               shard, verdicts[c->verdict], c->records, c->lost_records, c->differences);
    else if (c->verdict == OPERATE_REPAIRED)
        print_repaired(shard, c);
    else
        printf("shard %u: %s: %" PRIu64 " record%s, %" PRIu64 " of them damaged; %" PRIu64
               " difference%s between log and index\n",
               shard, verdicts[c->verdict], c->records, admin_plural(c->records), c->lost_records,
               c->differences, admin_plural(c->differences));
}

/* What a shard has come to. A damaged one doesn't keep the others from being looked at. */
static int check_one(struct admin *admin, unsigned shard, struct totals *totals,
                     struct operate_check *check)
{
    enum err e = operate_check(admin->store, shard, admin->may_repair, check);
    if (e == ERR_NOT_FOUND)
        return EX_OK;
    if (!e)
        e = admin_settle_seen(admin);
    totals->shards++;
    totals->unfinished += e != ERR_OK;
    if (e)
        return admin_fail(e, admin_shard_name(shard).text);
    totals->records += check->records;
    if (check->verdict > totals->worst)
        totals->worst = check->verdict;
    return EX_OK;
}

static int check_all(struct admin *admin, struct totals *totals)
{
    struct progress progress;
    unsigned n = operate_shard_count(admin->store);
    int status = EX_OK;
    progress_begin(&progress, "check", n);
    for (unsigned i = 0; i < n; i++) {
        struct operate_check check = {.verdict = OPERATE_CLEAN};
        progress_show(&progress, i);
        int one = check_one(admin, i, totals, &check);
        if (status == EX_OK)
            status = one;
        if (check.verdict == OPERATE_CLEAN)
            continue;
        progress_end(&progress);
        print_shard(admin, i, &check);
        progress_begin(&progress, "check", n);
    }
    progress_end(&progress);
    return status;
}

static void print_end(const struct admin *admin, const struct totals *t, bool is_finished)
{
    const char *verdict = is_finished ? verdicts[t->worst] : "unfinished";
    unsigned checked = t->shards - t->unfinished;
    if (admin->is_json)
        printf("{\"verdict\":\"%s\",\"shards\":%u,\"records\":%" PRIu64 "}\n", verdict, checked,
               t->records);
    else if (t->unfinished > 0)
        printf("%s: %u of %u shard%s checked, %" PRIu64 " record%s\n", verdict, checked, t->shards,
               admin_plural(t->shards), t->records, admin_plural(t->records));
    else
        printf("%s: %u shard%s in use, %" PRIu64 " record%s\n", verdict, t->shards,
               admin_plural(t->shards), t->records, admin_plural(t->records));
}

int check_main(struct admin *admin, int argc, char *argv[])
{
    struct totals totals = {.worst = OPERATE_CLEAN};
    (void)argv;
    if (argc > 1)
        return admin_misuse("check takes --repair, and nothing else");
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    status = check_all(admin, &totals);
    print_end(admin, &totals, status == EX_OK);
    if (totals.worst == OPERATE_DAMAGED)
        return EX_DATAERR;
    if (status != EX_OK)
        return status;
    return totals.worst == OPERATE_REPAIRED ? ADMIN_REPAIRED : EX_OK;
}
