/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts: each is one record in the log, found through its entry. A version is a number that the shard
 * gives out once, so a login from before any change is told apart from every later one. */
#include <string.h>

#include "store/gdbm/alike.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/invite.h"
#include "store/gdbm/login.h"

#include "base/banned.h"

/* Where an account came from: each of its records says it again. */
struct origin {
    uint32_t flags;      /* ACCOUNT_ADMITTED, ACCOUNT_REOPENED */
    uint64_t invitation; /* that admitted it */
};

/* What the actions below work on. */
struct work {
    const char *user;
    struct store_account *account;
    uint64_t version;      /* as the caller knew it */
    const uint8_t *invite; /* to this name; NULL: none */
    struct origin origin;  /* of the account that is made */
    size_t typical;        /* bytes of most accounts' identity and vault */
    bool is_others; /* the name was had first by another, whom this invitation didn't admit */
};

static enum err parse_origin(struct span rest, uint32_t flags, struct origin *origin)
{
    *origin = (struct origin){.flags = flags & (ACCOUNT_ADMITTED | ACCOUNT_REOPENED)};
    if (rest.len != ((flags & ACCOUNT_ADMITTED) != 0 ? sizeof(origin->invitation) : 0))
        return ERR_DAMAGED;
    memcpy(&origin->invitation, rest.data, rest.len);
    return ERR_OK;
}

static enum err parse_account(struct span payload, struct store_account *account,
                              struct origin *origin)
{
    struct record_account a;
    if (payload.len < sizeof(a))
        return ERR_DAMAGED;
    memcpy(&a, payload.data, sizeof(a));
    const uint64_t known = sizeof(a) + (uint64_t)a.identity_len + a.vault_len;
    if (payload.len < known ||
        parse_origin(span_of(payload.data + known, payload.len - known), a.flags, origin))
        return ERR_DAMAGED;
    memcpy(account->salt, a.salt, sizeof(a.salt));
    memcpy(account->check_salt, a.check_salt, sizeof(a.check_salt));
    memcpy(account->check, a.check, sizeof(a.check));
    account->has_identity = (a.flags & ACCOUNT_HAS_IDENTITY) != 0;
    account->version = a.version;
    buf_clear(&account->identity);
    buf_clear(&account->vault);
    enum err e = buf_append(&account->identity, payload.data + sizeof(a), a.identity_len);
    if (!e)
        e = buf_append(&account->vault, payload.data + sizeof(a) + a.identity_len, a.vault_len);
    bytes_wipe(&a, sizeof(a));
    return e;
}

static enum err read_account(const struct shard *shard, const struct entry_account *entry,
                             struct store_account *account, struct origin *origin)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    enum err e = journal_read(&shard->journal, entry->place, entry->length, &head, &payload);
    if (!e && head.type != RECORD_REGISTER && head.type != RECORD_PASSWORD)
        e = ERR_DAMAGED;
    if (!e)
        e = parse_account(buf_span(&payload), account, origin);
    if (!e && account->version != entry->version)
        e = ERR_DAMAGED;
    buf_free(&payload);
    return e;
}

static enum err get(struct shard *shard, void *context)
{
    struct work *work = context;
    struct entry_account entry;
    enum err e = login_find(shard, work->user, &entry);
    return e ? e : read_account(shard, &entry, work->account, &work->origin);
}

static enum err get_alike(struct shard *shard, void *context)
{
    struct work *work = context;
    struct entry_account entry;
    enum err e = alike_find(shard, work->user, &entry);
    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e || entry.state != ACCOUNT_ACTIVE)
        return alike_read_nothing(shard, work->user, work->typical);
    if (!entry_is_name(entry.name, work->user))
        return ERR_DAMAGED;
    return read_account(shard, &entry, work->account, &work->origin);
}

enum err account_get_alike(struct store *store, const char *user, size_t typical,
                           struct store_account *account)
{
    struct work work = {.user = user, .account = account, .typical = typical};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    return alike_run(store, user, get_alike, &work);
}

enum err account_get(struct store *store, const char *user, struct store_account *account)
{
    struct work work = {.user = user, .account = account};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    return shard_run(store, user, false, get, &work);
}

static enum err find(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    return login_find(shard, work->user, &entry);
}

enum err account_find(struct store *store, const char *user)
{
    struct work work = {.user = user};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    return shard_run(store, user, false, find, &work);
}

/* The entry of an active account that is still of the version the caller knew. */
static enum err find_version(struct shard *shard, const struct work *work,
                             struct entry_account *entry)
{
    enum err e = login_find(shard, work->user, entry);
    return e == ERR_NOT_FOUND || (!e && entry->version != work->version) ? ERR_DENIED : e;
}

/* Writes the account's record; identity is its own, or the one that it keeps. */
static enum err write_account(struct shard *shard, const struct work *work, enum record_type type,
                              struct record_account *a, struct span identity)
{
    const struct store_account *account = work->account;
    struct buf rest = BUF_INIT(UINT32_MAX);
    entry_set_name(a->name, work->user);
    memcpy(a->salt, account->salt, sizeof(a->salt));
    memcpy(a->check_salt, account->check_salt, sizeof(a->check_salt));
    memcpy(a->check, account->check, sizeof(a->check));
    a->state = ACCOUNT_ACTIVE;
    a->flags |= work->origin.flags;
    a->identity_len = (uint32_t)identity.len;
    a->vault_len = (uint32_t)account->vault.len;
    enum err e = buf_append_span(&rest, identity);
    if (!e)
        e = buf_append_span(&rest, buf_span(&account->vault));
    if (!e && (a->flags & ACCOUNT_ADMITTED) != 0)
        e = buf_append(&rest, &work->origin.invitation, sizeof(work->origin.invitation));
    if (!e) {
        const struct journal_append record = {.type = type,
                                              .fixed = span_of(a, sizeof(*a)),
                                              .rest = buf_span(&rest)};
        e = commit_record(shard, &record);
    }
    buf_free(&rest);
    bytes_wipe(a->check, sizeof(a->check));
    return e;
}

/* Whether a name that was registered before may be registered. */
static enum err judge_name(const struct shard *shard, struct work *work,
                           const struct entry_account *entry)
{
    enum err e = work->invite == NULL ? ERR_NOT_FOUND : invite_check(shard, entry, work->invite);
    work->origin.flags |= ACCOUNT_REOPENED;
    return e == ERR_NOT_FOUND ? ERR_EXISTS : e;
}

static enum err create(struct shard *shard, void *context)
{
    struct work *work = context;
    struct record_account a = {.mailbox = shard->marker.serial,
                               .version = shard->marker.serial + 1};
    struct entry_account entry;
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, work->user);
    enum err e = entry_get_account(shard->index, name, &entry);
    if (!e)
        e = judge_name(shard, work, &entry);
    if (!e || e == ERR_NOT_FOUND)
        e = commit_check_reserve(shard, COMMIT_ACCOUNT);
    if (e)
        return e;
    a.flags = work->account->has_identity ? ACCOUNT_HAS_IDENTITY : 0;
    e = write_account(shard, work, RECORD_REGISTER, &a, buf_span(&work->account->identity));
    if (!e)
        work->account->version = a.version;
    return e;
}

enum err account_create(struct store *store, const char *user, const uint8_t *invite,
                        struct store_account *account)
{
    struct work work = {.user = user, .account = account, .invite = invite};
    if (!field_is_user(span_str(user)))
        return ERR_MALFORMED;
    return shard_run(store, user, true, create, &work);
}

/* Of a name that was never anybody else's: whether its account, not deleted since, came by the same invitation. */
static enum err see_others(struct shard *shard, struct work *work,
                           const struct entry_account *entry)
{
    struct store_account other = STORE_ACCOUNT_INIT;
    struct origin origin;
    if (entry->state == ACCOUNT_DELETED)
        return ERR_OK;
    enum err e = read_account(shard, entry, &other, &origin);
    store_account_free(&other);
    if (!e)
        work->is_others = (origin.flags & ACCOUNT_REOPENED) == 0 &&
                          ((origin.flags & ACCOUNT_ADMITTED) == 0 ||
                           origin.invitation != work->origin.invitation);
    return e;
}

static enum err create_admitted(struct shard *shard, void *context)
{
    struct work *work = context;
    struct entry_account entry;
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, work->user);
    enum err e = entry_get_account(shard->index, name, &entry);
    if (e)
        return e == ERR_NOT_FOUND ? create(shard, context) : e;
    e = see_others(shard, work, &entry);
    return e ? e : ERR_EXISTS;
}

enum err account_create_admitted(struct store *store, const char *user, uint64_t invitation,
                                 struct store_account *account, bool *is_others)
{
    struct work work = {.user = user,
                        .account = account,
                        .origin = {.flags = ACCOUNT_ADMITTED, .invitation = invitation}};
    enum err e = shard_run(store, user, true, create_admitted, &work);
    *is_others = work.is_others;
    return e;
}

static enum err see_free(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, work->user);
    enum err e = entry_get_account(shard->index, name, &entry);
    if (e == ERR_NOT_FOUND)
        return commit_check_reserve(shard, COMMIT_ACCOUNT);
    return e ? e : ERR_EXISTS;
}

enum err account_is_free(struct store *store, const char *user)
{
    struct work work = {.user = user};
    enum err e = shard_run(store, user, false, see_free, &work);
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* nor is there a shard for it yet */
}

static enum err see_invite(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    enum err e = alike_find(shard, work->user, &entry);
    if (!e)
        e = invite_check(shard, &entry, work->invite);
    /* Of a name that waits for an invitation a record was read. */
    return e == ERR_NOT_FOUND ? alike_read_nothing(shard, work->user, 0) : e;
}

enum err account_invited(struct store *store, const char *user, const uint8_t *invite)
{
    struct work work = {.user = user, .invite = invite};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    return alike_run(store, user, see_invite, &work);
}

static enum err change(struct shard *shard, void *context)
{
    struct work *work = context;
    struct store_account old = STORE_ACCOUNT_INIT;
    struct entry_account entry;
    enum err e = find_version(shard, work, &entry);
    if (!e)
        e = read_account(shard, &entry, &old, &work->origin);
    if (!e) {
        struct record_account a = {.mailbox = entry.mailbox,
                                   .version = shard->marker.serial,
                                   .flags = old.has_identity ? ACCOUNT_HAS_IDENTITY : 0};
        e = write_account(shard, work, RECORD_PASSWORD, &a, buf_span(&old.identity));
        if (!e)
            work->account->version = a.version;
    }
    store_account_free(&old);
    return e;
}

enum err account_change(struct store *store, const char *user, struct store_account *account)
{
    struct work work = {.user = user, .account = account, .version = account->version};
    if (!field_is_user(span_str(user)))
        return ERR_DENIED;
    enum err e = shard_run(store, user, false, change, &work);
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}

static enum err drop(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_account entry;
    enum err e = find_version(shard, work, &entry);
    if (e)
        return e;
    struct record_delete d = {.version = shard->marker.serial, .mailbox = entry.mailbox};
    entry_set_name(d.name, work->user);
    const struct journal_append record = {.type = RECORD_DELETE,
                                          .is_leaving = true,
                                          .fixed = span_of(&d, sizeof(d))};
    return commit_record(shard, &record);
}

enum err account_delete(struct store *store, const char *user, uint64_t version)
{
    struct work work = {.user = user, .version = version};
    if (!field_is_user(span_str(user)))
        return ERR_DENIED;
    enum err e = shard_run(store, user, false, drop, &work);
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}

static enum err check(struct shard *shard, void *context)
{
    struct entry_account entry;
    return login_check(shard, (const struct store_login *)context, &entry);
}

enum err account_login_check(struct store *store, const struct store_login *login)
{
    struct store_login copy = *login;
    enum err e = shard_run(store, login->user, false, check, &copy);
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}
