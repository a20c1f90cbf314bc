/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an invitation to any name makes an account: two shards, one after the other, never two locks. Invariant: an
 * account that was admitted has a use of its own, durable before it; so of an invitation there are never more
 * accounts than uses, whoever dies when. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/invitation.h"
#include "store/gdbm/shard.h"

#include "base/banned.h"

struct work {
    char name[LAYOUT_NAME_LEN];
    const uint8_t *hash;
    uint64_t number;
};

static struct work work_of(const char *user, const uint8_t *hash)
{
    struct work work = {.hash = hash, .number = invitation_number(hash)};
    entry_set_name(work.name, user);
    return work;
}

/* In the shard that the invitation lies in: there may be none, and then there is no such invitation. */
static enum err run(struct store *store, struct work *work, shard_action *action)
{
    struct gdbm_store *k = keeper_of(store);
    unsigned shard = keys_shard_of_invitation(&k->keys, work->number, k->directory.shard_count);
    enum err e = shard_run_in(k, shard, false, action, work);
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}

/* It expires by the wall clock, which was told to people; where that has gone back, by the shard's age. */
static bool is_over(const struct shard *shard, const struct entry_invitation *invitation)
{
    return clock_wall() >= invitation->expires || age_now(&shard->marker) >= invitation->end_age;
}

/* ERR_OK with *has_use: a use was spent for this name; without, there is one left. */
static enum err look(const struct shard *shard, const struct work *work, bool *has_use)
{
    struct entry_invitation invitation;
    struct entry_use use;
    enum err e = entry_get_invitation(shard->index, work->number, &invitation);
    if (e)
        return e;
    if (!bytes_equal_secret(invitation.hash, work->hash, sizeof(invitation.hash)) ||
        is_over(shard, &invitation))
        return ERR_DENIED;
    e = entry_get_use(shard->index, work->number, work->name, &use);
    *has_use = !e;
    if (e == ERR_NOT_FOUND)
        return invitation.used < invitation.uses ? ERR_OK : ERR_DENIED;
    return e;
}

static enum err check(struct shard *shard, void *context)
{
    bool has_use;
    return look(shard, context, &has_use);
}

enum err admit_check(struct store *store, const char *user, const uint8_t *invite)
{
    struct work work = work_of(user, invite);
    return field_is_user(span_str(user)) ? run(store, &work, check) : ERR_DENIED;
}

static enum err write_use(struct shard *shard, const struct work *work, uint8_t flags)
{
    struct record_use use = {.invitation = work->number};
    memcpy(use.name, work->name, sizeof(use.name));
    const struct journal_append record = {.type = RECORD_USE,
                                          .flags = flags,
                                          .is_leaving = flags == RECORD_RETURNED,
                                          .fixed = span_of(&use, sizeof(use)),
                                          .rest = span_str("")};
    return commit_record(shard, &record);
}

static enum err spend(struct shard *shard, void *context)
{
    const struct work *work = context;
    bool has_use = false;
    enum err e = look(shard, work, &has_use);
    if (e || has_use)
        return e;
    e = commit_check_reserve(shard, COMMIT_ACCOUNT);
    return e ? e : write_use(shard, work, 0);
}

static enum err give_back(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_use use;
    enum err e = entry_get_use(shard->index, work->number, work->name, &use);
    if (e == ERR_NOT_FOUND) /* somebody with the same name and token did */
        return ERR_OK;
    return e ? e : write_use(shard, work, RECORD_RETURNED);
}

/* Somebody else got the name between our look and our account. Only once theirs is durable is it sure that none
 * will ever rest on this use. What fails here leaves it spent. */
static void return_use(struct store *store, struct work *work)
{
    enum err e = settle_store(store);
    if (!e)
        e = run(store, work, give_back);
    if (e && e != ERR_DENIED) /* the invitation was revoked */
        log_event(LOG_LEVEL_WARNING, "use_not_returned", "error=\"%s\"", err_text(e));
}

enum err admit_create(struct store *store, const char *user, const uint8_t *invite,
                      struct store_account *account)
{
    struct work work = work_of(user, invite);
    bool is_others = false;
    if (!field_is_user(span_str(user)))
        return ERR_MALFORMED;
    enum err e = account_is_free(store, user);
    if (!e)
        e = run(store, &work, spend);
    if (!e)
        e = settle_store(store);
    if (!e)
        e = account_create_admitted(store, user, work.number, account, &is_others);
    if (is_others)
        return_use(store, &work);
    return e;
}
