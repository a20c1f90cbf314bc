/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for a change without asking again and again: each transaction writes its shard's marker, and
 * inotify tells who watches the lock file. */
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "store/gdbm/keeper.h"

#include "base/banned.h"

int watch_user(struct store *store, const char *user)
{
    struct gdbm_store *k = keeper_of(store);
    char path[PATH_MAX + 32];
    if (k->watch < 0)
        k->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (k->watch < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/shards/%u/lock", k->directory.path,
             keys_shard(&k->keys, user, k->directory.shard_count));
    int watched = inotify_add_watch(k->watch, path, IN_MODIFY);
    if (watched < 0)
        return -1;
    if (k->watched >= 0 && k->watched != watched)
        inotify_rm_watch(k->watch, k->watched);
    k->watched = watched;
    return k->watch;
}

void watch_clear(struct store *store)
{
    struct gdbm_store *k = keeper_of(store);
    char events[1024] __attribute__((aligned(8)));
    ssize_t n = 0;
    if (k->watch < 0)
        return;
    do
        n = read(k->watch, events, sizeof(events));
    while (n > 0 || (n < 0 && errno == EINTR));
}
