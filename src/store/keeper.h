/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.h: what a keeper of the store's contract (store.h) provides. Here another keeper joins.
 *
 * Each keeper embeds `struct store` as its first member and fills `keeper` with its table; store.c
 * passes every call of store.h on, so a function here means exactly what its namesake there says. */
#ifndef SECMSG_STORE_KEEPER_H
#define SECMSG_STORE_KEEPER_H

#include "store/store.h"

struct keeper {
    void (*close)(struct store *store);
    enum err (*settle)(struct store *store);
    const struct host_key *(*host_key)(const struct store *store);
    const uint8_t *(*secret)(const struct store *store);
    int (*watch)(struct store *store, const char *user);
    void (*watch_clear)(struct store *store);

    enum err (*account_get)(struct store *store, const char *user, struct store_account *account);
    enum err (*account_find)(struct store *store, const char *user);
    enum err (*account_create)(struct store *store, const char *user,
                               struct store_account *account);
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
};

struct store {
    const struct keeper *keeper;
};

/* gdbm/keeper.c: opens the embedded store at a directory; as store_open. */
enum err keeper_open_gdbm(struct store **store, const char *path, const struct store_quota *quota,
                          char *message, size_t size) MUST_USE;

#endif
