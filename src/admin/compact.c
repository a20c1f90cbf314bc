/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact: dead space comes back now, and not only when it is due; expire: and old messages go. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"

#include "base/banned.h"

struct totals {
    unsigned done; /* shards */
    struct operate_compaction of_all;
};

static enum err compact_shard(struct admin *admin, unsigned shard, void *context)
{
    struct totals *t = context;
    struct operate_compaction one;
    enum err e = operate_compact(admin->store, shard, &one);
    if (!e)
        e = admin_settle_seen(admin);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (!one.is_done)
        return ERR_OK;
    t->done++;
    t->of_all.bytes_before += one.bytes_before;
    t->of_all.bytes_after += one.bytes_after;
    t->of_all.expired += one.expired;
    return ERR_OK;
}

static int compact_all(struct admin *admin, const char *word)
{
    struct totals t = {0};
    int status = admin_each_shard(admin, word, compact_shard, &t);
    if (admin->is_json)
        printf("{\"shards\":%u,\"bytes_before\":%" PRIu64 ",\"bytes_after\":%" PRIu64
               ",\"expired\":%" PRIu64 "}\n",
               t.done, t.of_all.bytes_before, t.of_all.bytes_after, t.of_all.expired);
    else
        printf("%u shard%s: %" PRIu64 " bytes before, %" PRIu64 " after; %" PRIu64
               " message%s expired\n",
               t.done, admin_plural(t.done), t.of_all.bytes_before, t.of_all.bytes_after,
               t.of_all.expired, admin_plural(t.of_all.expired));
    return status;
}

int compact_main(struct admin *admin, int argc, char *argv[])
{
    if (argc > 1)
        return admin_misuse("compact takes no arguments");
    int status = admin_open(admin);
    return status == EX_OK ? compact_all(admin, argv[0]) : status;
}

int expire_main(struct admin *admin, int argc, char *argv[])
{
    if (argc > 1)
        return admin_misuse("expire takes --days=N, and nothing else");
    if (admin->days != 0)
        admin->quota.retention_days = admin->days;
    if (admin->quota.retention_days == 0)
        return admin_misuse("messages are kept for ever (retention-days is 0); give --days=N");
    int status = admin_open(admin);
    return status == EX_OK ? compact_all(admin, argv[0]) : status;
}
