/* SPDX-License-Identifier: GPL-3.0-or-later */
/* operate.h: what who runs a server needs of a store, beyond what its users need (store.h).
 *
 * A store is in shards, each with its own lock, and these calls go shard by shard; no lock is held when one
 * returns, nor when it calls back. Changes are durable after store_settle. Errors as in store.h; ERR_NOT_FOUND
 * for a shard: nobody whose name falls in it has registered yet. */
#ifndef SECMSG_STORE_OPERATE_H
#define SECMSG_STORE_OPERATE_H

#include "store/store.h"

/* Shards are numbered from 0 to one less than this. */
unsigned operate_shard_count(const struct store *store);

/* What a shard takes up. */
struct operate_space {
    uint64_t log_bytes;   /* of its log's file */
    uint64_t used_bytes;  /* of them written */
    uint64_t live_bytes;  /* of them needed */
    uint64_t index_bytes; /* of its index's file */
    uint64_t generation;
    bool is_failed; /* an fdatasync failed: it is only read until it is compacted */
};

enum err operate_space(struct store *store, unsigned shard, struct operate_space *space) MUST_USE;

/* What a shard says of itself, without its lock and without opening it: to be asked every minute, however much there
 * is in it, and whoever is at work there. */
struct operate_glance {
    uint64_t messages;      /* waiting */
    uint64_t message_bytes; /* of them, without what a mailbox counts for their ids */
    uint64_t used_bytes;    /* of its log */
    uint64_t live_bytes;    /* of them needed */
    uint64_t index_bytes;
    bool is_failed;
};

/* ERR_BUSY: it can't be told, because nobody has used that shard since the machine was started, or its index is to be
 * made again. */
enum err operate_glance(struct store *store, unsigned shard,
                        struct operate_glance *glance) MUST_USE;

enum operate_verdict {
    OPERATE_CLEAN,
    OPERATE_REPAIRED, /* something was wrong, and isn't any more */
    OPERATE_DAMAGED,  /* something is wrong */
};

struct operate_check {
    enum operate_verdict verdict;
    uint64_t records;      /* in the log, all read */
    uint64_t lost_records; /* of them damaged */
    uint64_t differences; /* entries of the index that aren't what the log says, and wrong totals */
    char kept[64];        /* REPAIRED: the file that was kept aside, */
    uint64_t kept_bytes;  /* and its size */
};

/* Reads all of a shard: each record's checksum and place in the chain, each entry of the index against an
 * index that is made anew from the log, and the totals. What is damaged is named in the log (base/log.h). With
 * may_repair, a wrong index is replaced, and damaged messages are left out; what was there before is kept
 * beside it, under names that begin with "kept.". */
enum err operate_check(struct store *store, unsigned shard, bool may_repair,
                       struct operate_check *check) MUST_USE;

struct operate_compaction {
    bool is_done; /* false: there was nothing to do */
    uint64_t bytes_before;
    uint64_t bytes_after;
    uint64_t
        expired; /* messages dropped because they waited longer than the store's retention_days */
};

/* Gives a shard's dead space back, due or not. */
enum err operate_compact(struct store *store, unsigned shard,
                         struct operate_compaction *compaction) MUST_USE;

/* A backup: begin, each shard, end. It is a store of its own, which only has to be put in place. Each mailbox in it
 * is as it was at one moment. `path` is a directory that doesn't exist or is empty, or an earlier backup of this
 * store, to which only what is new is added; it can be used even if this is interrupted. ERR_MALFORMED: there
 * are other things in it; ERR_EXISTS: it is this store, or another one. */
enum err operate_backup_begin(struct store *store, const char *path, int *target) MUST_USE;

struct operate_copy {
    uint64_t bytes; /* that were copied */
    uint64_t
        damaged; /* records among them, named in the log, and no account: the rest can be restored */
};

/* Reads and checks all that it copies. ERR_DAMAGED: of the shard nothing could be restored, so what an earlier backup
 * has of it stays. ERR_NO_SPACE also where the store is on the same disk, before that is full. */
enum err operate_backup_shard(struct store *store, unsigned shard, int target,
                              struct operate_copy *copy) MUST_USE;

/* Host key and settings; closes the target, whatever happens. */
enum err operate_backup_end(struct store *store, int target) MUST_USE;

enum operate_state { OPERATE_ACTIVE, OPERATE_DISABLED, OPERATE_RESERVED };

struct operate_account {
    char name[FIELD_USER_SIZE];
    enum operate_state state; /* RESERVED: deleted, and nobody can have the name again */
    uint64_t version;
    uint64_t messages; /* waiting */
    uint64_t bytes;    /* as they count for the quota */
    uint64_t ids;      /* remembered, waiting or read */
    uint64_t
        until; /* RESERVED: the invitation that it waits for is good until then; 0: there is none */
};

typedef enum err operate_visitor(void *context, const struct operate_account *account);

/* Visits the accounts that a shard had when this began, as they are at each call. Ends with the first error
 * that the visitor returns. */
enum err operate_visit_accounts(struct store *store, unsigned shard, operate_visitor *visit,
                                void *context) MUST_USE;

/* One account, reserved ones too. ERR_NOT_FOUND. */
enum err operate_show_account(struct store *store, const char *user,
                              struct operate_account *account) MUST_USE;

/* A disabled account can't log in and isn't found by senders; what waits stays. Its sessions end. ERR_NOT_FOUND:
 * no such account. */
enum err operate_disable_account(struct store *store, const char *user, bool is_disabled) MUST_USE;

/* Removes an account, disabled or not, with its messages; the name stays reserved. Of a name that waits for an
 * invitation, the invitation. ERR_NOT_FOUND: there is neither. */
enum err operate_delete_account(struct store *store, const char *user) MUST_USE;

/* Removes an account as above, and lets whoever has the invitation register the name once, within so many seconds:
 * for somebody who lost password and keys, which nobody can bring back. An earlier invitation is no longer
 * good. Sets *until. Only a hash of it is kept. ERR_NOT_FOUND: nobody ever had that name. */
enum err operate_reset_account(struct store *store, const char *user, struct span invite,
                               uint64_t lifetime, uint64_t *until) MUST_USE;

/* ---- invitations to any name: for store_account_create_admitted ---- */

#define OPERATE_NOTE_MAX        100 /* bytes */
#define OPERATE_USES_MAX        1000000
#define OPERATE_INVITATION_SIZE 17 /* 16 hex digits */

struct operate_terms {
    uint64_t lifetime; /* seconds */
    uint64_t uses;     /* how many names it admits: 1 to OPERATE_USES_MAX */
    struct span note;  /* for the operator; see below */
};

/* At most OPERATE_NOTE_MAX bytes of UTF-8 without control characters. */
bool operate_is_note(struct span note);

struct operate_invitation {
    char id[OPERATE_INVITATION_SIZE]; /* names it to its operator, and opens nothing */
    uint64_t issued;                  /* both seconds since 1970 */
    uint64_t expires;
    uint64_t uses;
    uint64_t used;
    char note[OPERATE_NOTE_MAX + 1];
};

/* Lets whoever has the invitation register. Only a hash of it is kept. ERR_MALFORMED: terms that can't be; ERR_EXISTS:
 * it was issued before. */
enum err operate_invite(struct store *store, struct span invite, const struct operate_terms *terms,
                        struct operate_invitation *invitation) MUST_USE;

/* From now on nobody is admitted by it; who was stays. ERR_NOT_FOUND: there is none of that id. */
enum err operate_revoke_invitation(struct store *store, const char *id) MUST_USE;

typedef enum err operate_invitation_visitor(void *context,
                                            const struct operate_invitation *invitation);

/* Visits a shard's invitations, used up and expired ones too until a compaction leaves them out. Ends as above. */
enum err operate_visit_invitations(struct store *store, unsigned shard,
                                   operate_invitation_visitor *visit, void *context) MUST_USE;

#endif
