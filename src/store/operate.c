/* SPDX-License-Identifier: GPL-3.0-or-later */
/* operate.c: passes the operator's calls on to the store's keeper. */
#include "store/operate.h"

#include "store/keeper.h"

#include "base/banned.h"

unsigned operate_shard_count(const struct store *store)
{
    return store->keeper->shard_count(store);
}

enum err operate_space(struct store *store, unsigned shard, struct operate_space *space)
{
    return store->keeper->space(store, shard, space);
}

enum err operate_glance(struct store *store, unsigned shard, struct operate_glance *glance)
{
    return store->keeper->glance(store, shard, glance);
}

enum err operate_check(struct store *store, unsigned shard, bool may_repair,
                       struct operate_check *check)
{
    return store->keeper->check(store, shard, may_repair, check);
}

enum err operate_compact(struct store *store, unsigned shard, struct operate_compaction *compaction)
{
    return store->keeper->compact(store, shard, compaction);
}

enum err operate_backup_begin(struct store *store, const char *path, int *target)
{
    return store->keeper->backup_begin(store, path, target);
}

enum err operate_backup_shard(struct store *store, unsigned shard, int target,
                              struct operate_copy *copy)
{
    return store->keeper->backup_shard(store, shard, target, copy);
}

enum err operate_backup_end(struct store *store, int target)
{
    return store->keeper->backup_end(store, target);
}

enum err operate_visit_accounts(struct store *store, unsigned shard, operate_visitor *visit,
                                void *context)
{
    return store->keeper->visit_accounts(store, shard, visit, context);
}

enum err operate_show_account(struct store *store, const char *user,
                              struct operate_account *account)
{
    return store->keeper->show_account(store, user, account);
}

enum err operate_disable_account(struct store *store, const char *user, bool is_disabled)
{
    return store->keeper->disable_account(store, user, is_disabled);
}

enum err operate_delete_account(struct store *store, const char *user)
{
    return store->keeper->remove_account(store, user);
}

enum err operate_reset_account(struct store *store, const char *user, struct span invite,
                               uint64_t lifetime, uint64_t *until)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    keeper_hash_invite(hash, user, invite);
    return store->keeper->reset_account(store, user, hash, lifetime, until);
}

bool operate_is_note(struct span note)
{
    if (note.len > OPERATE_NOTE_MAX || !field_is_utf8(note))
        return false;
    for (size_t i = 0; i < note.len; i++)
        if (note.data[i] < ' ' || note.data[i] == 0x7f)
            return false;
    return true;
}

enum err operate_invite(struct store *store, struct span invite, const struct operate_terms *terms,
                        struct operate_invitation *invitation)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    if (terms->uses < 1 || terms->uses > OPERATE_USES_MAX || !operate_is_note(terms->note))
        return ERR_MALFORMED;
    keeper_hash_invite(hash, "", invite);
    return store->keeper->invite(store, hash, terms, invitation);
}

enum err operate_revoke_invitation(struct store *store, const char *id)
{
    return store->keeper->revoke_invitation(store, id);
}

enum err operate_visit_invitations(struct store *store, unsigned shard,
                                   operate_invitation_visitor *visit, void *context)
{
    return store->keeper->visit_invitations(store, shard, visit, context);
}
