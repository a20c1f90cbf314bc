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
    unsigned shards;
    uint64_t records;
};

static void print_shard(const struct admin *admin, unsigned shard, const struct operate_check *c)
{
    if (admin->is_json)
        printf("{\"shard\":%u,\"verdict\":\"%s\",\"records\":%" PRIu64
               ",\"damaged_records\":%" PRIu64 ",\"differences\":%" PRIu64 "}\n",
               shard, verdicts[c->verdict], c->records, c->lost_records, c->differences);
    else
        printf("shard %u: %s: %" PRIu64 " records, %" PRIu64 " of them damaged; %" PRIu64
               " differences between log and index\n",
               shard, verdicts[c->verdict], c->records, c->lost_records, c->differences);
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
    if (e)
        return admin_fail(e, admin_shard_name(shard).text);
    totals->shards++;
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
    const char *verdict = status == EX_OK ? verdicts[totals.worst] : "unfinished";
    printf(admin->is_json ? "{\"verdict\":\"%s\",\"shards\":%u,\"records\":%" PRIu64 "}\n"
                          : "%s: %u shards in use, %" PRIu64 " records\n",
           verdict, totals.shards, totals.records);
    if (totals.worst == OPERATE_DAMAGED)
        return EX_DATAERR;
    if (status != EX_OK)
        return status;
    return totals.worst == OPERATE_REPAIRED ? ADMIN_REPAIRED : EX_OK;
}
