/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stats: how much there is of what, and what it takes up. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "base/clock.h"

#include "base/banned.h"

struct totals {
    unsigned shards;
    unsigned shards_failed;
    uint64_t accounts[3]; /* by enum operate_state */
    uint64_t reset;
    uint64_t messages;
    uint64_t bytes;
    uint64_t ids;
    struct operate_space space;
};

static enum err add_account(void *context, const struct operate_account *account)
{
    struct totals *t = context;
    t->accounts[account->state]++;
    t->reset += account->until > clock_wall();
    t->messages += account->messages;
    t->bytes += account->bytes;
    t->ids += account->ids;
    return ERR_OK;
}

static enum err add_shard(struct admin *admin, unsigned shard, void *context)
{
    struct totals *t = context;
    struct operate_space space;
    enum err e = operate_space(admin->store, shard, &space);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    t->shards++;
    t->shards_failed += space.is_failed;
    t->space.log_bytes += space.log_bytes;
    t->space.used_bytes += space.used_bytes;
    t->space.live_bytes += space.live_bytes;
    t->space.index_bytes += space.index_bytes;
    e = operate_visit_accounts(admin->store, shard, add_account, t);
    return e ? e : admin_settle_seen(admin);
}

static void print_totals(const struct admin *admin, const struct totals *t)
{
    const struct {
        const char *name;
        const char *text;
        uint64_t value;
    } lines[] = {
        {"accounts", "accounts", t->accounts[OPERATE_ACTIVE]},
        {"disabled", "accounts disabled", t->accounts[OPERATE_DISABLED]},
        {"reserved", "names of deleted accounts", t->accounts[OPERATE_RESERVED]},
        {"reset", "  of them with an invitation", t->reset},
        {"messages", "messages waiting", t->messages},
        {"mailbox_bytes", "bytes in mailboxes", t->bytes},
        {"ids", "message ids remembered", t->ids},
        {"shards", "shards in use", t->shards},
        {"shards_failed", "shards that are only read", t->shards_failed},
        {"log_bytes", "bytes of logs", t->space.log_bytes},
        {"log_used_bytes", "  of them written", t->space.used_bytes},
        {"log_live_bytes", "  of them needed", t->space.live_bytes},
        {"index_bytes", "bytes of indexes", t->space.index_bytes},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (admin->is_json)
            printf("%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", lines[i].name, lines[i].value);
        else
            printf("%-26s %15" PRIu64 "\n", lines[i].text, lines[i].value);
    }
    if (admin->is_json)
        puts("}");
}

int stats_main(struct admin *admin, int argc, char *argv[])
{
    struct totals totals = {0};
    (void)argv;
    if (argc > 1)
        return admin_misuse("stats takes no arguments");
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    status = admin_each_shard(admin, "stats", add_shard, &totals);
    print_totals(admin, &totals);
    return status;
}
