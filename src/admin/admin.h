/* SPDX-License-Identifier: GPL-3.0-or-later */
/* admin.h: what the subcommands of secmsg-admin share: the options, the store, and how an end is told. */
#ifndef SECMSG_ADMIN_ADMIN_H
#define SECMSG_ADMIN_ADMIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "guard/guard.h"
#include "store/operate.h"
#include "store/store.h"

#define ADMIN_REPAIRED 1 /* the one exit status that sysexits.h doesn't have, as fsck(8) has it */

struct admin {
    char path[4096]; /* of the store */
    bool is_json;
    bool may_repair;  /* --repair */
    uint64_t days;    /* --days, 0 without */
    const char *uses; /* --uses, --expires, --note as given; NULL without */
    const char *expires;
    const char *note;
    const char *output;       /* --output, NULL without */
    struct store_quota quota; /* only retention_days matters here */
    struct store *store;      /* NULL until admin_open */
    struct guard guard;       /* zero until guard_look */
};

/* Opens the store that must be there. On failure says why; returns an exit status. */
int admin_open(struct admin *admin);

/* The same, and makes it where there is none. */
int admin_open_or_found(struct admin *admin);

/* Says on standard error what a call's error means for `what`, and returns the exit status for it. */
int admin_fail(enum err error, const char *what);

/* Says that the command line is wrong, and returns EX_USAGE. */
int admin_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What makes a noun plural, where there isn't one of it. */
const char *admin_plural(uint64_t n);

/* Settles what is only to be shown. What a failed shard holds can't be settled, and is shown all the same: who
 * looks here is the one to mend it. */
enum err admin_settle_seen(struct admin *admin) MUST_USE;

/* A time for people: 2026-11-30 18:45 UTC. */
struct admin_time {
    char text[64];
};

struct admin_time admin_time(uint64_t seconds);

/* A shard's number, as admin_fail takes it. */
struct admin_name {
    char text[32];
};

struct admin_name admin_shard_name(unsigned shard);

/* Calls `visit` for each shard; a terminal is shown how far it is, unless `word` is NULL. Where that fails, says so and
 * goes on: a damaged shard doesn't keep the others from being looked at. Returns an exit status. */
typedef enum err admin_shard_visitor(struct admin *admin, unsigned shard, void *context);
int admin_each_shard(struct admin *admin, const char *word, admin_shard_visitor *visit,
                     void *context);

/* A list of what lies in the shards. */
struct admin_list {
    const char *word;
    size_t size; /* of an item */
    enum err (*gather)(struct store *store, unsigned shard, struct buf *items);
    void (*print)(const struct admin *admin, const void *item);
};

/* Prints it, a shard's part once it is durable. Returns an exit status. */
int admin_list(struct admin *admin, const struct admin_list *list);

/* One for each word; argv[0] is the word itself. They return exit statuses. */
int backup_main(struct admin *admin, int argc, char *argv[]);
int check_main(struct admin *admin, int argc, char *argv[]);
int compact_main(struct admin *admin, int argc, char *argv[]);
int expire_main(struct admin *admin, int argc, char *argv[]);
int fingerprint_main(struct admin *admin, int argc, char *argv[]);
int init_main(struct admin *admin, int argc, char *argv[]);
int invite_main(struct admin *admin, int argc, char *argv[]);
int penalties_main(struct admin *admin, int argc, char *argv[]);
int restore_main(struct admin *admin, int argc, char *argv[]);
int metrics_main(struct admin *admin, int argc, char *argv[]);
int status_main(struct admin *admin, int argc, char *argv[]);
int stats_main(struct admin *admin, int argc, char *argv[]);
int users_main(struct admin *admin, int argc, char *argv[]);

#endif
