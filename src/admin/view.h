/* view.h: how a server stands, from counters alone: what the handlers share (guard.h), and what shards say of
 * themselves. Takes the same time however much is stored, and waits for nobody. */
#ifndef SECMSG_ADMIN_VIEW_H
#define SECMSG_ADMIN_VIEW_H

#include "admin/admin.h"
#include "guard/guard.h"

struct view {
    struct guard_totals totals;
    struct operate_glance store; /* the sum of all shards that could be told */
    uint64_t disk_free;          /* bytes that the store's user may still write */
    uint64_t disk_size;          /* bytes of the store's file system */
    uint64_t shards;             /* in use */
    uint64_t shards_untold; /* of them without numbers: unused since the start, or being rebuilt */
    uint64_t shards_failed; /* that are only read */
};

/* Opens the store, and looks. On failure says why; returns an exit status. */
int view_take(struct admin *admin, struct view *view);

#endif
