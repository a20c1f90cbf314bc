/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.c: chooses the keeper by the store's URL, and passes the contract's calls on to it. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "store/keeper.h"

#include "base/banned.h"

void keeper_hash_invite(uint8_t hash[static KEEPER_INVITE_LEN], const char *user,
                        struct span invite)
{
    hash_sha256(hash, SPANS(SPAN("secmsg-invite-1\n"), span_str(user), SPAN("\n"), invite));
}

/* A scheme as in RFC 3986, and "://": so that no directory is made for a mistyped URL. */
static bool has_scheme(const char *url)
{
    size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    return n > 0 && strncmp(url + n, "://", 3) == 0;
}

enum err store_open(struct store **store, const char *url, const struct store_quota *quota,
                    char *message, size_t size)
{
    *store = NULL;
    if (has_scheme(url)) {
        bool is_postgres = strncmp(url, "postgresql://", 13) == 0;
        snprintf(message, size, "%s: give --store the path of a directory",
                 is_postgres ? "this build keeps no store in PostgreSQL" : "unknown kind of store");
        return ERR_UNSUPPORTED;
    }
    return keeper_open_gdbm(store, url, quota, message, size);
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->keeper->close(store);
    }
}

enum err store_settle(struct store *store)
{
    return store->keeper->settle(store);
}

void store_maintain(struct store *store)
{
    store->keeper->maintain(store);
}

void store_rest(struct store *store)
{
    store->keeper->rest(store);
}

const struct host_key *store_host_key(const struct store *store)
{
    return store->keeper->host_key(store);
}

const uint8_t *store_secret(const struct store *store)
{
    return store->keeper->secret(store);
}

int store_watch(struct store *store, const char *user)
{
    return store->keeper->watch(store, user);
}

void store_watch_clear(struct store *store)
{
    store->keeper->watch_clear(store);
}

void store_account_free(struct store_account *account)
{
    if (account == NULL) {
        return;
    }
    buf_free(&account->identity);
    buf_free(&account->vault);
    bytes_wipe(account->check, sizeof(account->check));
}

enum err store_account_get(struct store *store, const char *user, struct store_account *account)
{
    return store->keeper->account_get(store, user, account);
}

enum err store_account_get_alike(struct store *store, const char *user, size_t typical,
                                 struct store_account *account)
{
    return store->keeper->account_get_alike(store, user, typical, account);
}

enum err store_account_find(struct store *store, const char *user)
{
    return store->keeper->account_find(store, user);
}

enum err store_account_create(struct store *store, const char *user, struct store_account *account)
{
    return store->keeper->account_create(store, user, NULL, account);
}

enum err store_account_create_invited(struct store *store, const char *user, struct span invite,
                                      struct store_account *account)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    keeper_hash_invite(hash, user, invite);
    return store->keeper->account_create(store, user, hash, account);
}

enum err store_account_invited(struct store *store, const char *user, struct span invite)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    keeper_hash_invite(hash, user, invite);
    return store->keeper->account_invited(store, user, hash);
}

enum err store_account_admitted(struct store *store, const char *user, struct span invite)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    keeper_hash_invite(hash, "", invite);
    return store->keeper->account_admitted(store, user, hash);
}

enum err store_account_create_admitted(struct store *store, const char *user, struct span invite,
                                       struct store_account *account)
{
    uint8_t hash[KEEPER_INVITE_LEN];
    keeper_hash_invite(hash, "", invite);
    return store->keeper->account_create_admitted(store, user, hash, account);
}

enum err store_account_change(struct store *store, const char *user, struct store_account *account)
{
    return store->keeper->account_change(store, user, account);
}

enum err store_account_delete(struct store *store, const char *user, uint64_t version)
{
    return store->keeper->account_delete(store, user, version);
}

enum err store_login_check(struct store *store, const struct store_login *login)
{
    return store->keeper->login_check(store, login);
}

enum err store_put(struct store *store, const struct store_put *put, struct store_share *share)
{
    return store->keeper->put(store, put, share);
}

enum err store_next(struct store *store, const struct store_login *login,
                    struct store_cursor *cursor, struct store_item *item, struct buf *body)
{
    return store->keeper->next(store, login, cursor, item, body);
}

enum err store_ack(struct store *store, const struct store_login *login, const char *ids, size_t n,
                   uint64_t *unread)
{
    return store->keeper->ack(store, login, ids, n, unread);
}

enum err store_count(struct store *store, const struct store_login *login,
                     struct store_cursor *cursor, uint64_t *unread, uint64_t *ungiven)
{
    return store->keeper->count(store, login, cursor, unread, ungiven);
}

enum err store_list(struct store *store, const struct store_login *login,
                    struct store_listing *listing)
{
    return store->keeper->list(store, login, listing);
}
