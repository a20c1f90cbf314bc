/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator may do to an account without its password. Each change gives it a new version, so that
 * sessions that are logged in end. */
#include <string.h>

#include "base/clock.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/invite.h"

#include "base/banned.h"

struct work {
    char name[LAYOUT_NAME_LEN];
    enum account_state state;
    const struct record_invite *invite; /* NULL: none */
};

/* The entry of an account that isn't deleted. */
static enum err find(struct shard *shard, const struct work *work, struct entry_account *entry)
{
    enum err e = entry_get_account(shard->index, work->name, entry);
    return !e && entry->state == ACCOUNT_DELETED ? ERR_NOT_FOUND : e;
}

/* The account's record once more, with another state. */
static enum err set_state(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct apply_record old = {0};
    struct record_account a;
    enum err e = find(shard, work, &entry);
    if (e || entry.state == work->state)
        return e;
    e = journal_read(&shard->journal, entry.place, entry.length, &old.head, &payload);
    if (!e)
        e = apply_split(&old, buf_span(&payload));
    if (!e && old.fixed.len != sizeof(a))
        e = ERR_DAMAGED;
    if (!e) {
        memcpy(&a, old.fixed.data, sizeof(a));
        a.version = shard->marker.serial;
        a.state = work->state;
        const struct journal_append record = {.type = RECORD_PASSWORD,
                                              .is_leaving = true,
                                              .fixed = span_of(&a, sizeof(a)),
                                              .rest = old.rest};
        e = commit_record(shard, &record);
        bytes_wipe(&a, sizeof(a));
    }
    buf_free(&payload);
    return e;
}

enum err steward_disable(struct store *store, const char *user, bool is_disabled)
{
    struct work work = {.state = is_disabled ? ACCOUNT_DISABLED : ACCOUNT_ACTIVE};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    entry_set_name(work.name, user);
    return shard_run(store, user, false, set_state, &work);
}

/* Reserves the name, for nobody or for whoever is invited; what was in its mailbox, if it had one, goes. */
static enum err reserve(struct shard *shard, const struct work *work,
                        const struct entry_account *entry)
{
    struct record_delete d = {.version = shard->marker.serial, .mailbox = entry->mailbox};
    struct span invite = span_of(work->invite, work->invite == NULL ? 0 : sizeof(*work->invite));
    memcpy(d.name, work->name, sizeof(d.name));
    const struct journal_append record = {.type = RECORD_DELETE,
                                          .is_leaving = entry->state != ACCOUNT_DELETED ||
                                                        work->invite == NULL,
                                          .fixed = span_of(&d, sizeof(d)),
                                          .rest = invite};
    return commit_record(shard, &record);
}

static enum err drop(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    struct record_invite invite;
    enum err e = entry_get_account(shard->index, work->name, &entry);
    if (!e && entry.state == ACCOUNT_DELETED)
        e = invite_read(shard, &entry, &invite);
    return e ? e : reserve(shard, work, &entry);
}

enum err steward_delete(struct store *store, const char *user)
{
    struct work work = {0};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    entry_set_name(work.name, user);
    return shard_run(store, user, false, drop, &work);
}

static enum err reset(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    enum err e = entry_get_account(shard->index, work->name, &entry);
    if (!e && entry.state == ACCOUNT_DELETED)
        e = commit_check_room(shard);
    return e ? e : reserve(shard, work, &entry);
}

enum err steward_reset(struct store *store, const char *user, const uint8_t *invite,
                       uint64_t lifetime, uint64_t *until)
{
    struct record_invite rest = {.expires = clock_wall() + lifetime};
    struct work work = {.invite = &rest};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    memcpy(rest.hash, invite, sizeof(rest.hash));
    entry_set_name(work.name, user);
    *until = rest.expires;
    return shard_run(store, user, false, reset, &work);
}
