/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h: the embedded store: an open handle, and the parts of the contract by file. */
#ifndef SECMSG_STORE_GDBM_KEEPER_H
#define SECMSG_STORE_GDBM_KEEPER_H

#include "store/gdbm/directory.h"
#include "store/gdbm/keys.h"
#include "store/keeper.h"

#define KEEPER_SHARDS_OPEN 16  /* kept open between settles, of four descriptors each */
#define KEEPER_SHARDS_MOST 128 /* open at all: then what is pending is settled before the next */

struct shard;

struct gdbm_store {
    struct store base; /* first: the contract's handle is a pointer to it */
    struct directory directory;
    struct keys keys;
    struct store_quota quota;
    struct shard **shards; /* directory.shard_count of them; NULL: not open */
    unsigned shards_open;
    bool is_raw;    /* a compaction or a check is at work: a failed generation is shown as it is */
    bool has_lost;  /* what became of something unsettled can't be told: no settle succeeds */
    uint64_t clock; /* counts uses, for who is closed first */
    int watch;      /* inotify, -1 until asked for */
    int watched;    /* its one watch, -1 for none */
};

struct gdbm_store *keeper_of(struct store *store);

/* settle.c */
enum err settle_store(struct store *store) MUST_USE;

/* maintain.c */
void maintain_store(struct store *store);
void maintain_rest(struct store *store);

enum err maintain_compact(struct store *store, unsigned shard,
                          struct operate_compaction *compaction) MUST_USE;

/* glance.c */
enum err glance_shard(struct store *store, unsigned shard, struct operate_glance *glance) MUST_USE;

/* check.c */
enum err check_shard(struct store *store, unsigned shard, bool may_repair,
                     struct operate_check *check) MUST_USE;

/* census.c */
enum err census_space(struct store *store, unsigned shard, struct operate_space *space) MUST_USE;
enum err census_visit(struct store *store, unsigned shard, operate_visitor *visit,
                      void *context) MUST_USE;
enum err census_show(struct store *store, const char *user,
                     struct operate_account *account) MUST_USE;

/* backup.c */
enum err backup_begin(struct store *store, const char *path, int *target) MUST_USE;
enum err backup_shard(struct store *store, unsigned shard, int target,
                      struct operate_copy *copy) MUST_USE;
enum err backup_end(struct store *store, int target) MUST_USE;

/* steward.c */
enum err steward_disable(struct store *store, const char *user, bool is_disabled) MUST_USE;
enum err steward_delete(struct store *store, const char *user) MUST_USE;
enum err steward_reset(struct store *store, const char *user, const uint8_t *invite,
                       uint64_t lifetime, uint64_t *until) MUST_USE;

/* watch.c */
int watch_user(struct store *store, const char *user);
void watch_clear(struct store *store);

/* account.c */
enum err account_find(struct store *store, const char *user) MUST_USE;
enum err account_get(struct store *store, const char *user, struct store_account *account) MUST_USE;
enum err account_get_alike(struct store *store, const char *user, size_t typical,
                           struct store_account *account) MUST_USE;
enum err account_create(struct store *store, const char *user, const uint8_t *invite,
                        struct store_account *account) MUST_USE;
enum err account_invited(struct store *store, const char *user, const uint8_t *invite) MUST_USE;
enum err account_is_free(struct store *store, const char *user) MUST_USE;
enum err account_create_admitted(struct store *store, const char *user, uint64_t invitation,
                                 struct store_account *account, bool *is_others) MUST_USE;
enum err account_change(struct store *store, const char *user,
                        struct store_account *account) MUST_USE;
enum err account_delete(struct store *store, const char *user, uint64_t version) MUST_USE;
enum err account_login_check(struct store *store, const struct store_login *login) MUST_USE;

/* admit.c */
enum err admit_check(struct store *store, const char *user, const uint8_t *invite) MUST_USE;
enum err admit_create(struct store *store, const char *user, const uint8_t *invite,
                      struct store_account *account) MUST_USE;

/* issue.c */
enum err issue_invitation(struct store *store, const uint8_t *invite,
                          const struct operate_terms *terms,
                          struct operate_invitation *invitation) MUST_USE;
enum err issue_revoke(struct store *store, const char *id) MUST_USE;
enum err issue_visit(struct store *store, unsigned shard, operate_invitation_visitor *visit,
                     void *context) MUST_USE;

/* put.c */
enum err put_message(struct store *store, const struct store_put *put,
                     struct store_share *share) MUST_USE;

/* take.c */
enum err take_next(struct store *store, const struct store_login *login,
                   struct store_cursor *cursor, struct store_item *item, struct buf *body) MUST_USE;
enum err take_ack(struct store *store, const struct store_login *login, const char *ids, size_t n,
                  uint64_t *unread) MUST_USE;
enum err take_count(struct store *store, const struct store_login *login,
                    struct store_cursor *cursor, uint64_t *unread, uint64_t *ungiven) MUST_USE;
enum err take_list(struct store *store, const struct store_login *login,
                   struct store_listing *listing) MUST_USE;

#endif
