/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact: dead space comes back now, and not only when it is due; expire: and old messages go. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/progress.h"

#include "base/banned.h"

static int compact_all(struct admin *admin, const char *word)
{
    struct operate_compaction total = {0};
    unsigned n = operate_shard_count(admin->store);
    unsigned done = 0;
    int status = EX_OK;
    struct progress progress;
    progress_begin(&progress, word, n);
    for (unsigned i = 0; i < n; i++) {
        struct operate_compaction one;
        progress_show(&progress, i);
        enum err e = operate_compact(admin->store, i, &one);
        if (!e)
            e = admin_settle_seen(admin);
        if (e && e != ERR_NOT_FOUND)
            status = admin_fail(e, admin_shard_name(i).text);
        if (e || !one.is_done)
            continue;
        done++;
        total.bytes_before += one.bytes_before;
        total.bytes_after += one.bytes_after;
        total.expired += one.expired;
    }
    progress_end(&progress);
    if (admin->is_json)
        printf("{\"shards\":%u,\"bytes_before\":%" PRIu64 ",\"bytes_after\":%" PRIu64
               ",\"expired\":%" PRIu64 "}\n",
               done, total.bytes_before, total.bytes_after, total.expired);
    else
        printf("%u shard%s: %" PRIu64 " bytes before, %" PRIu64 " after; %" PRIu64
               " message%s expired\n",
               done, admin_plural(done), total.bytes_before, total.bytes_after, total.expired,
               admin_plural(total.expired));
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
