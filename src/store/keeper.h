/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h: what a keeper of the store's contract (store.h, operate.h) provides. Here another keeper joins.
 *
 * Each keeper embeds `struct store` as its first member and fills `keeper` with its table; store.c
 * and operate.c pass every call on, so a function here means exactly what its namesake there says. */
#ifndef SECMSG_STORE_KEEPER_H
#define SECMSG_STORE_KEEPER_H

#include "store/operate.h"
#include "store/store.h"

/* A keeper never sees an invitation, only its hash, bound to the name, or to "" where it is to any; NULL where there
 * is none. It compares them by bytes_equal_secret. */
#define KEEPER_INVITE_LEN HASH_LEN
void keeper_hash_invite(uint8_t hash[static KEEPER_INVITE_LEN], const char *user,
                        struct span invite);

struct keeper {
    void (*close)(struct store *store);
    enum err (*settle)(struct store *store);
    void (*maintain)(struct store *store);
    void (*rest)(struct store *store);
    const struct host_key *(*host_key)(const struct store *store);
    const uint8_t *(*secret)(const struct store *store);
    int (*watch)(struct store *store, const char *user);
    void (*watch_clear)(struct store *store);

    enum err (*account_get)(struct store *store, const char *user, struct store_account *account);
    enum err (*account_get_alike)(struct store *store, const char *user, size_t typical,
                                  struct store_account *account);
    enum err (*account_find)(struct store *store, const char *user);
    enum err (*account_create)(struct store *store, const char *user, const uint8_t *invite,
                               struct store_account *account);
    enum err (*account_invited)(struct store *store, const char *user, const uint8_t *invite);
    enum err (*account_admitted)(struct store *store, const char *user, const uint8_t *invite);
    enum err (*account_create_admitted)(struct store *store, const char *user,
                                        const uint8_t *invite, struct store_account *account);
    enum err (*account_change)(struct store *store, const char *user,
                               struct store_account *account);
    enum err (*account_delete)(struct store *store, const char *user, uint64_t version);
    enum err (*login_check)(struct store *store, const struct store_login *login);

    enum err (*put)(struct store *store, const struct store_put *put, struct store_share *share);
    enum err (*next)(struct store *store, const struct store_login *login,
                     struct store_cursor *cursor, struct store_item *item, struct buf *body);
    enum err (*ack)(struct store *store, const struct store_login *login, const char *ids, size_t n,
                    uint64_t *unread);
    enum err (*count)(struct store *store, const struct store_login *login,
                      struct store_cursor *cursor, uint64_t *unread, uint64_t *ungiven);
    enum err (*list)(struct store *store, const struct store_login *login,
                     struct store_listing *listing);

    /* operate.h */
    unsigned (*shard_count)(const struct store *store);
    enum err (*space)(struct store *store, unsigned shard, struct operate_space *space);
    enum err (*glance)(struct store *store, unsigned shard, struct operate_glance *glance);
    enum err (*check)(struct store *store, unsigned shard, bool may_repair,
                      struct operate_check *check);
    enum err (*compact)(struct store *store, unsigned shard, struct operate_compaction *compaction);
    enum err (*backup_begin)(struct store *store, const char *path, int *target);
    enum err (*backup_shard)(struct store *store, unsigned shard, int target,
                             struct operate_copy *copy);
    enum err (*backup_end)(struct store *store, int target);
    enum err (*visit_accounts)(struct store *store, unsigned shard, operate_visitor *visit,
                               void *context);
    enum err (*show_account)(struct store *store, const char *user,
                             struct operate_account *account);
    enum err (*disable_account)(struct store *store, const char *user, bool is_disabled);
    enum err (*remove_account)(struct store *store, const char *user);
    enum err (*reset_account)(struct store *store, const char *user, const uint8_t *invite,
                              uint64_t lifetime, uint64_t *until);
    enum err (*invite)(struct store *store, const uint8_t *invite,
                       const struct operate_terms *terms, struct operate_invitation *invitation);
    enum err (*revoke_invitation)(struct store *store, const char *id);
    enum err (*visit_invitations)(struct store *store, unsigned shard,
                                  operate_invitation_visitor *visit, void *context);
};

struct store {
    const struct keeper *keeper;
};

/* gdbm/keeper.c: opens the embedded store at a directory; as store_open. */
enum err keeper_open_gdbm(struct store **store, const char *path, const struct store_quota *quota,
                          char *message, size_t size) MUST_USE;

#endif
