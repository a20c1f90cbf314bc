/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shard.h: one shard: its lock, whether its index can be trusted, and the transaction.
 *
 * shard_run is the only way in: it locks, makes sure that the index is what the log says, runs the
 * action, and unlocks. */
#ifndef SECMSG_STORE_GDBM_SHARD_H
#define SECMSG_STORE_GDBM_SHARD_H

#include "store/gdbm/index.h"
#include "store/gdbm/journal.h"
#include "store/gdbm/keeper.h"
#include "store/gdbm/marker.h"

struct shard {
    struct gdbm_store *store;
    unsigned number;
    int dir; /* O_PATH */
    struct marker_file file;
    dev_t lock_device; /* of file.fd, to see that the path still leads to it */
    ino_t lock_inode;
    bool is_read_only;
    struct journal journal;
    struct index *index;  /* NULL: not open */
    struct marker marker; /* as last read, or left, under the lock */
    bool is_pending;      /* something up to `need` was seen or done, and isn't known durable */
    uint64_t need;
    uint64_t used;
};

/* What runs under the lock. ERR_DAMAGED from it means that the index contradicts itself or the log: the
 * index is built again, and the action run once more. */
typedef enum err shard_action(struct shard *shard, void *context);

/* Runs an action in the shard that `user` lives in. ERR_NOT_FOUND also where there is no such shard yet,
 * unless it may_create; ERR_BUSY and the errors of every call. */
enum err shard_run(struct store *store, const char *user, bool may_create, shard_action *action,
                   void *context) MUST_USE;

/* The shard of the last shard_run for `user`, open still; NULL if there is none. For reading the log outside
 * the lock. */
struct shard *shard_last(struct store *store, const char *user);

/* Appends a record, applies it to the index, and writes the marker: all of it, or (any error) nothing.
 * Only from an action. */
enum err shard_commit(struct shard *shard, const struct journal_append *record) MUST_USE;

/* Whether a change that needs room may begin: ERR_OK, ERR_READ_ONLY, ERR_NO_SPACE. Only from an action. */
enum err shard_check_room(const struct shard *shard) MUST_USE;

/* Now, for judging what is too old: at most a day and this boot's running time after the latest record,
 * so that a clock that is far ahead makes nothing old. */
uint64_t shard_expiry_now(const struct shard *shard);

/* Sets the failed flag: nothing that isn't durable yet ever will be told. */
void shard_set_failed(struct shard *shard);

void shard_close(struct shard *shard);

/* Closes the shard used longest ago that nothing is pending in. */
void shard_close_idle(struct gdbm_store *store);

#endif
