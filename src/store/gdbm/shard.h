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

/* Of a failed generation: what its log says up to the durable end (failed.h). */
struct failed_view {
    struct index *index; /* NULL: none */
    struct marker marker;
    struct marker of; /* it was made when the marker was this, */
    uint64_t durable; /* and the durable end that */
};

struct shard {
    struct gdbm_store *store;
    unsigned number;
    int dir; /* O_PATH */
    struct marker_file file;
    dev_t lock_device; /* of file.fd, to see that the path still leads to it */
    ino_t lock_inode;
    bool is_read_only;
    bool
        is_lock_new; /* the directory came here without a lock file: from a backup, if it has a log */
    struct journal journal;
    struct index *index;  /* NULL: not open */
    struct marker marker; /* as last read, or left, under the lock */
    uint64_t crowded;     /* the generation in which a full mailbox had what a compaction drops */
    bool is_pending;      /* something up to `need` was seen or done, and isn't known durable */
    uint64_t need;
    uint64_t used;
    struct failed_view view;
    bool is_viewed;         /* index and marker are the view's, which has the others */
    bool has_tried_leaving; /* a failed generation, in vain */
    uint64_t leave_until;   /* when waiting for the next one ends; 0: not begun */
};

/* What runs under the lock. ERR_DAMAGED from it means that the index contradicts itself or the log: the
 * index is built again, and the action run once more. */
typedef enum err shard_action(struct shard *shard, void *context);

/* Runs an action in the shard that `user` lives in. ERR_NOT_FOUND also where there is no such shard yet,
 * unless it may_create; ERR_BUSY and the errors of every call. */
enum err shard_run(struct store *store, const char *user, bool may_create, shard_action *action,
                   void *context) MUST_USE;

/* The same in a shard by its number. */
enum err shard_run_in(struct gdbm_store *k, unsigned number, bool may_create, shard_action *action,
                      void *context) MUST_USE;

/* The shard of the last shard_run for `user`, open still; NULL if there is none. For reading the log outside
 * the lock. */
struct shard *shard_last(struct store *store, const char *user);

/* The index is as good as none: said in the marker, so that whoever comes next builds it again. Only from an
 * action. */
void shard_distrust(struct shard *shard);

/* Closes the log, for that of `generation`: a higher one began durable with all that was in this one. */
void shard_leave_journal(struct shard *shard, uint64_t generation);

struct journal_owner shard_owner(const struct shard *shard);

void shard_close(struct shard *shard);

/* Closes the shard used longest ago that nothing is pending in. */
void shard_close_idle(struct gdbm_store *store);

#endif
