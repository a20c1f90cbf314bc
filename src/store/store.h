/* store.h: the contract of a store: accounts, mailboxes, messages, shared by any number of processes.
 *
 * Two steps to everything. A call (store_put, store_ack, ...) takes effect for all processes at once, whole
 * or not at all. store_settle then makes what this handle did *and saw* survive kill -9 and loss of power.
 * Nothing that a call returned (a success, a refusal, a count, a message) may be told to anyone before
 * store_settle has returned ERR_OK. Calls that arrive together so share one fdatasync.
 *
 * A handle belongs to one process and one thread; it isn't kept over a fork. No lock is held when a
 * call returns. Every call can fail with
 *   ERR_BUSY       somebody else held a lock for over 5 seconds; nothing was done
 *   ERR_NO_SPACE   no room on the disk; nothing was done
 *   ERR_READ_ONLY  the store can be read but not changed (or a failed disk write made it so)
 *   ERR_DAMAGED    damage that a rebuild from the log doesn't mend; named in the log
 *   ERR_NO_MEMORY, ERR_IO (logged with errno where it happened)
 * beside what its own comment names. */
#ifndef SECMSG_STORE_STORE_H
#define SECMSG_STORE_STORE_H

#include "base/buf.h"
#include "crypto/field.h"
#include "crypto/hash.h"
#include "crypto/host_key.h"
#include "crypto/stretch.h"

#define STORE_DUPLICATE_DAYS 30 /* how long an accepted id is remembered */
#define STORE_ID_BYTES       64 /* what a remembered id counts in a mailbox's bytes */
#define STORE_SECRET_LEN     32
#define STORE_ACK_MAX        1000 /* ids in one store_ack */

struct store;

/* What a mailbox may hold. Bytes count bodies, and STORE_ID_BYTES for each remembered id. */
struct store_quota {
    uint64_t messages;           /* per mailbox */
    uint64_t bytes;              /* per mailbox */
    uint64_t per_sender_percent; /* of both, for one sender in one mailbox */
    uint64_t reserve;            /* bytes of the disk: with less free no message is taken in, and
                                    with less than twice as much no account */
    uint64_t retention_days;     /* unread messages older than this may be dropped; 0: never */
};

/* Opens a store: a directory's path, or a URL. A missing or empty directory becomes a new store with a
 * host key of its own; two processes that do so at once end with the same one. Anything else that isn't a
 * store is left untouched. On an error message[size] says in one line what is wrong and what to do.
 * ERR_UNSUPPORTED: newer format, network file system, unknown kind of URL; ERR_DENIED: owner, mode;
 * ERR_MALFORMED: a directory that holds other things. */
enum err store_open(struct store **store, const char *url, const struct store_quota *quota,
                    char *message, size_t size) MUST_USE;

/* Releases everything; what wasn't settled may be lost. NULL is fine. */
void store_close(struct store *store);

/* Makes everything that earlier calls on this handle did or saw durable. On any error nothing they
 * returned may be told: end the session. Cheap when nothing is pending. */
enum err store_settle(struct store *store) MUST_USE;

/* Cleans up behind this session, where that is due: dead space comes back, messages beyond the retention go.
 * For after the last answer, when nobody waits any more: it may take a second, and doesn't stop for HUP or
 * TERM. Other sessions go on meanwhile. What fails is logged, and tried again after a later session. */
void store_maintain(struct store *store);

/* For a session that waits: lets go of files that others may have replaced meanwhile, so that those take no room as
 * long as it waits. Cheap; what isn't settled yet is kept. */
void store_rest(struct store *store);

/* The store's host key, and its secret for keyed answers. Owned by the store, wiped by store_close. */
const struct host_key *store_host_key(const struct store *store);
const uint8_t *store_secret(const struct store *store); /* STORE_SECRET_LEN bytes */

/* A descriptor that poll(2) finds readable after any change in `user`'s shard, or -1 where there is none and
 * the caller polls by time. Owned by the store. store_watch_clear makes it quiet until the next change:
 * clear first, then look. */
int store_watch(struct store *store, const char *user);
void store_watch_clear(struct store *store);

/* ---- accounts ---- */

/* An account as it is stored. */
struct store_account {
    uint8_t salt[STRETCH_SALT_LEN];       /* for the client's stretching: what SALT answers */
    uint8_t check_salt[STRETCH_SALT_LEN]; /* for the server's one hash */
    uint8_t check[STRETCH_CHECK_LEN];     /* stretch_check(check_salt, secret) */
    bool has_identity;                    /* false for accounts of plain mode */
    struct buf identity;                  /* identity text (3.3), empty without */
    struct buf vault;                     /* vault token (3.2), empty without */
    uint64_t version; /* set by the store; changes with register, password, delete */
};

#define STORE_ACCOUNT_INIT \
    ((struct store_account){.identity = BUF_INIT(2048), .vault = BUF_INIT(8192)})

void store_account_free(struct store_account *account);

/* ERR_NOT_FOUND for a name that was never registered, is deleted or disabled. */
enum err store_account_get(struct store *store, const char *user,
                           struct store_account *account) MUST_USE;

/* The same for whoever hasn't logged in: with the same work for a name without an account. `typical`: bytes that
 * identity and vault of most accounts have together. */
enum err store_account_get_alike(struct store *store, const char *user, size_t typical,
                                 struct store_account *account) MUST_USE;

/* Whether a name has an account, without reading it: ERR_OK, or ERR_NOT_FOUND as above. */
enum err store_account_find(struct store *store, const char *user) MUST_USE;

/* Registers a name. ERR_EXISTS if it is taken, or was ever (a deleted name stays reserved). Sets
 * account->version. */
enum err store_account_create(struct store *store, const char *user,
                              struct store_account *account) MUST_USE;

/* The same with an invitation, which also opens the reserved name that waits for it (operate_reset_account),
 * once. ERR_DENIED: the name waits for another, or it has expired. */
enum err store_account_create_invited(struct store *store, const char *user, struct span invite,
                                      struct store_account *account) MUST_USE;

/* Whether the name waits for this invitation, which stays unused. ERR_DENIED as above; ERR_NOT_FOUND: it waits
 * for none. */
enum err store_account_invited(struct store *store, const char *user, struct span invite) MUST_USE;

/* Whether an invitation to any name (operate_invite) admits this one now: it is good and has a use left, or one was
 * spent for this very name. Nothing is spent. ERR_DENIED: everything else, and nobody is told what. */
enum err store_account_admitted(struct store *store, const char *user, struct span invite) MUST_USE;

/* Registers a name that nobody ever had, by such an invitation. A use of it is spent for this name and durable before
 * there is an account, so that there are never more accounts than uses; who dies between the two comes again with
 * the same name and invitation and spends no other. ERR_EXISTS: the name is taken, and nothing spent; ERR_DENIED as
 * above. On any other error a use may be spent for this name. Settles what is pending (store_settle). */
enum err store_account_create_admitted(struct store *store, const char *user, struct span invite,
                                       struct store_account *account) MUST_USE;

/* Replaces salt, check_salt, check and vault (not the identity). ERR_DENIED if the account's version is no
 * longer account->version: somebody else changed it first. Sets the new one. */
enum err store_account_change(struct store *store, const char *user,
                              struct store_account *account) MUST_USE;

/* Removes the account and its mailbox, and keeps the name reserved. ERR_DENIED as above. */
enum err store_account_delete(struct store *store, const char *user, uint64_t version) MUST_USE;

/* What a session that has logged in keeps. */
struct store_login {
    char user[FIELD_USER_SIZE];
    uint64_t version;
};

/* ERR_OK while the login holds; ERR_DENIED once the account was changed, disabled or deleted. Every
 * mailbox call below checks the same under its lock, and answers ERR_DENIED. */
enum err store_login_check(struct store *store, const struct store_login *login) MUST_USE;

/* ---- messages ---- */

struct store_put {
    const char *recipient;
    const char *sender;
    const char *id;
    bool is_signed;   /* false for texts of plain mode */
    struct span body; /* the envelope, or the unsigned text */
};

/* A sender's own share of a mailbox, for `limit=` and `used=`: in messages or in bytes, whichever is full. */
struct store_share {
    bool in_bytes;
    uint64_t limit;
    uint64_t used;
};

/* Stores a message. ERR_DUPLICATE: this very body was accepted under this id for this recipient in the last
 * STORE_DUPLICATE_DAYS, waiting or read, and nothing was done. ERR_EXISTS: the id was accepted with other
 * bytes (or from another sender). ERR_NOT_FOUND: no such recipient. ERR_FULL: the mailbox or the sender's
 * share of it is used up; *share is filled. */
enum err store_put(struct store *store, const struct store_put *put,
                   struct store_share *share) MUST_USE;

/* A stored message without its body. */
struct store_item {
    char id[FIELD_ID_SIZE];
    char sender[FIELD_USER_SIZE];
    uint64_t time; /* when it was stored, seconds since 1970 */
    uint64_t bytes;
    uint64_t left; /* by store_next: how many more the cursor wasn't given */
    bool is_signed;
};

/* How far a session has been given its mailbox. Zero at login; only the store changes it. */
struct store_cursor {
    uint64_t after;    /* sequence of the last message given */
    uint64_t removals; /* the mailbox's count of removals when `given` was right */
    uint64_t given;    /* messages given and still there */
};

/* The earliest message that the cursor wasn't given: fills *item, appends its body, and moves the cursor.
 * ERR_NOT_FOUND when there is none. The message stays where it is. */
enum err store_next(struct store *store, const struct store_login *login,
                    struct store_cursor *cursor, struct store_item *item,
                    struct buf *body) MUST_USE;

/* Removes messages by their ids (FIELD_ID_LEN characters each, one after the other, no separators), together;
 * ids that aren't there are no error. Sets *unread to what is left in the mailbox. */
enum err store_ack(struct store *store, const struct store_login *login, const char *ids, size_t n,
                   uint64_t *unread) MUST_USE;

/* Messages waiting in all, and of them those that the cursor (may be NULL) wasn't given. */
enum err store_count(struct store *store, const struct store_login *login,
                     struct store_cursor *cursor, uint64_t *unread, uint64_t *ungiven) MUST_USE;

/* What store_list fills: items[n], the caller's array of max, and how many there are in all. */
struct store_listing {
    struct store_item *items;
    size_t max;
    size_t n;
    uint64_t unread;
};

/* The earliest messages, at most listing->max of them. */
enum err store_list(struct store *store, const struct store_login *login,
                    struct store_listing *listing) MUST_USE;

#endif
