/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The embedded keeper: its table of calls, opening and closing. */
#include "store/gdbm/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/gdbm/shard.h"

#include "base/banned.h"

struct gdbm_store *keeper_of(struct store *store)
{
    return (struct gdbm_store *)store;
}

static void close_store(struct store *store)
{
    struct gdbm_store *k = keeper_of(store);
    for (unsigned i = 0; k->shards != NULL && i < k->directory.shard_count; i++)
        shard_close(k->shards[i]);
    free(k->shards);
    if (k->watch >= 0)
        close(k->watch);
    directory_close(&k->directory);
    bytes_wipe(&k->keys, sizeof(k->keys));
    free(k);
}

static const struct host_key *get_host_key(const struct store *store)
{
    return &((const struct gdbm_store *)store)->directory.host_key;
}

static const uint8_t *get_secret(const struct store *store)
{
    return ((const struct gdbm_store *)store)->directory.secret;
}

static unsigned get_shard_count(const struct store *store)
{
    return ((const struct gdbm_store *)store)->directory.shard_count;
}

static const struct keeper gdbm_keeper = {
    .close = close_store,
    .settle = settle_store,
    .maintain = maintain_store,
    .rest = maintain_rest,
    .host_key = get_host_key,
    .secret = get_secret,
    .watch = watch_user,
    .watch_clear = watch_clear,
    .account_find = account_find,
    .account_get = account_get,
    .account_get_alike = account_get_alike,
    .account_create = account_create,
    .account_invited = account_invited,
    .account_admitted = admit_check,
    .account_create_admitted = admit_create,
    .account_change = account_change,
    .account_delete = account_delete,
    .login_check = account_login_check,
    .put = put_message,
    .next = take_next,
    .ack = take_ack,
    .count = take_count,
    .list = take_list,
    .shard_count = get_shard_count,
    .space = census_space,
    .glance = glance_shard,
    .check = check_shard,
    .compact = maintain_compact,
    .backup_begin = backup_begin,
    .backup_shard = backup_shard,
    .backup_end = backup_end,
    .visit_accounts = census_visit,
    .show_account = census_show,
    .disable_account = steward_disable,
    .remove_account = steward_delete,
    .reset_account = steward_reset,
    .invite = issue_invitation,
    .revoke_invitation = issue_revoke,
    .visit_invitations = issue_visit,
};

enum err keeper_open_gdbm(struct store **store, const char *path, const struct store_quota *quota,
                          char *message, size_t size)
{
    struct gdbm_store *k = calloc(1, sizeof(*k));
    *store = NULL;
    if (k == NULL) {
        snprintf(message, size, "%s: %s", path, err_text(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    k->base.keeper = &gdbm_keeper;
    k->quota = *quota;
    k->watch = -1;
    k->watched = -1;
    enum err e = directory_open(&k->directory, path, message, size);
    if (!e) {
        e = keys_derive(&k->keys, span_of(k->directory.secret, sizeof(k->directory.secret)),
                        span_of(k->directory.store_id, sizeof(k->directory.store_id)));
        k->shards = calloc(k->directory.shard_count, sizeof(*k->shards));
        if (!e && k->shards == NULL)
            e = ERR_NO_MEMORY;
        if (e)
            snprintf(message, size, "%s: can't be opened: %s", path, err_text(e));
    }
    if (e)
        close_store(&k->base);
    else
        *store = &k->base;
    return e;
}
