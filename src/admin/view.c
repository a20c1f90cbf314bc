/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two places where numbers are kept: the guard's file, and one page of each shard. */
#include "admin/view.h"

#include <sys/statvfs.h>
#include <sysexits.h>

#include "base/clock.h"

#include "base/banned.h"

static void add_shard(struct view *view, const struct operate_glance *glance)
{
    view->store.messages += glance->messages;
    view->store.message_bytes += glance->message_bytes;
    view->store.used_bytes += glance->used_bytes;
    view->store.live_bytes += glance->live_bytes;
    view->store.index_bytes += glance->index_bytes;
    view->shards_failed += glance->is_failed;
}

static void look_at_shards(struct admin *admin, struct view *view)
{
    unsigned n = operate_shard_count(admin->store);
    for (unsigned i = 0; i < n; i++) {
        struct operate_glance glance;
        enum err e = operate_glance(admin->store, i, &glance);
        view->shards += e != ERR_NOT_FOUND;
        view->shards_untold += e && e != ERR_NOT_FOUND;
        if (!e)
            add_shard(view, &glance);
    }
}

static int look_at_guard(struct admin *admin, struct view *view)
{
    uint64_t now = clock_running_ms();
    enum err e = guard_look(&admin->guard, admin->path);
    if (e == ERR_UNSUPPORTED) /* of another start or version: the next handler begins a new one */
        return EX_OK;
    if (e)
        return admin_fail(e, GUARD_FILE);
    e = guard_total(&admin->guard, now, &view->totals);
    return e ? admin_fail(e, GUARD_FILE) : EX_OK;
}

/* Not what handlers last found: that is only as new as the last connection. */
static int look_at_disk(const struct admin *admin, struct view *view)
{
    struct statvfs st;
    if (statvfs(admin->path, &st) != 0)
        return admin_fail(ERR_IO, admin->path);
    view->disk_free = (uint64_t)st.f_bavail * st.f_frsize;
    view->disk_size = (uint64_t)st.f_blocks * st.f_frsize;
    return EX_OK;
}

int view_take(struct admin *admin, struct view *view)
{
    *view = (struct view){.shards = 0};
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    look_at_shards(admin, view);
    status = look_at_disk(admin, view);
    return status == EX_OK ? look_at_guard(admin, view) : status;
}
