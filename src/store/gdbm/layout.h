/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layout.h: everything of the store that lies on the disk, byte by byte. docs/store.md explains it.
 *
 * Numbers are in the machine's byte order (the log's magic number tells a foreign one), every structure
 * is free of holes, and unused bytes are zero. */
#ifndef SECMSG_STORE_GDBM_LAYOUT_H
#define SECMSG_STORE_GDBM_LAYOUT_H

#include <stdint.h>

#include "base/boot.h"
#include "crypto/field.h"
#include "crypto/stretch.h"

#define LAYOUT_FORMAT         1
#define LAYOUT_SHARDS         256 /* of a new store: 16,000 messages each is where cost begins to grow */
#define LAYOUT_SHARDS_MAX     4096
#define LAYOUT_STORE_ID_LEN   16
#define LAYOUT_BOOT_LEN       BOOT_ID_LEN
#define LAYOUT_NAME_LEN       FIELD_USER_MAX /* names are filled up with zeros */
#define LAYOUT_ID_LEN         16
#define LAYOUT_HASH_LEN       32
#define LAYOUT_DURABLE_OFFSET 4096 /* of the lock file: the durable end has a page of its own */

/* ---- lock file, page 0: the marker, written by one pwrite at the end of each transaction ---- */

#define MARKER_MAGIC   UINT64_C(0x36304b524d474d53) /* "SMGMRK06" */
#define MARKER_TRUSTED UINT64_C(1)                  /* the index is what its last writer left */
#define MARKER_FAILED  UINT64_C(2) /* an fdatasync failed: nothing is written to this generation */

struct marker {
    uint64_t magic;
    uint64_t generation;
    uint64_t end; /* of the log: where the next record goes */
    uint64_t tag; /* of the last record */
    uint8_t boot[LAYOUT_BOOT_LEN];
    uint64_t flags;
    uint64_t index_device; /* these six as fstat showed them after the last change */
    uint64_t index_inode;
    uint64_t index_size;
    uint64_t index_mtime[2]; /* seconds, nanoseconds */
    uint64_t index_ctime[2];
    uint64_t index_writes; /* transactions of this generation that wrote to that file */
    uint64_t front;        /* digest of the front (front.h); 0: it has no entries */
    uint64_t serial;       /* the next number for a version or a mailbox */
    uint64_t records;      /* in this generation */
    uint64_t live_records; /* of them still needed: what a compaction would copy */
    uint64_t live_bytes;
    uint64_t memories;               /* of the living records: ids whose messages are gone */
    uint64_t waiting, waiting_bytes; /* messages in mailboxes, and their bodies */
    uint64_t last_time;              /* the latest record's */
    uint64_t last_age;               /* the shard's age (age.h) at the latest record */
    uint64_t base_age;               /* and when this boot's first marker was made, */
    uint64_t base_running;           /* when the machine had been running for so many seconds */
    uint64_t lock_device;            /* of the lock file that this was written to, not of a copy */
    uint64_t lock_inode;
    uint64_t checksum; /* keyed, over the shard's number and everything above */
};

/* ---- lock file, page 1: the durable end; never too high, may lag ---- */

#define DURABLE_MAGIC UINT64_C(0x3230525544474d53) /* "SMGDUR02" */

struct durable {
    uint64_t magic;
    uint64_t generation;
    uint64_t end;
    uint64_t lock_device; /* as in the marker */
    uint64_t lock_inode;
    uint64_t checksum;
};

/* ---- log.<G>: this header, then records, then zeros ---- */

#define JOURNAL_MAGIC UINT64_C(0x3130474f4c474d53) /* "SMGLOG01" */

struct journal_header {
    uint64_t magic;
    uint32_t format;
    uint32_t shard;
    uint8_t store_id[LAYOUT_STORE_ID_LEN];
    uint64_t generation;
    uint64_t
        births; /* records that a compaction began this generation with; it is whole with them */
    uint64_t time;
    uint8_t key[16]; /* of this log's tags */
    uint64_t tag; /* over everything above. The first record chains from what it is with births 0 */
};

/* A record: this head, the payload, zeros up to a multiple of 8, and the tag over its place, the previous
 * tag, head, payload and zeros. */
struct record_head {
    uint32_t length; /* of the payload */
    uint8_t type;    /* enum record_type: never 0, so eight zero bytes are no record */
    uint8_t flags;
    uint16_t zero;
    uint32_t time; /* seconds since 1970 when it was decided, until 2106: for people */
    uint32_t age;  /* the shard's then, in seconds (age.h): for the store. 0: as the time */
};

#define RECORD_MAX \
    (UINT32_C(65) << 20) /* bytes of a payload: the largest message, and what stands with it */

/* Any two differ in four bits, so that a damaged record isn't taken for one of another type. */
enum record_type {
    RECORD_PUT = 0x0f,
    RECORD_ACK = 0x33,
    RECORD_REGISTER = 0x3c, /* an account with a new mailbox */
    RECORD_PASSWORD = 0x55, /* the whole account again, changed */
    RECORD_DELETE = 0x5a,
    RECORD_VOID = 0x66, /* nothing: notes the age */
    RECORD_INVITATION = 0x69,
    RECORD_SHARD = 0x96,    /* the shard's own counters; begins a generation */
    RECORD_USE = 0x99,      /* of an invitation, for a name; or that use given back */
    RECORD_REMEMBER = 0xa5, /* an id whose message is gone; only at birth, and no longer written */
    RECORD_MAILBOX = 0xaa,  /* a mailbox's counters; only at birth, behind its messages */
    RECORD_MEMORY = 0xc3,   /* ids whose messages are gone; only at birth, before the counters */
    RECORD_REVOKE = 0xcc,   /* an invitation, with its uses */
};

#define RECORD_SIGNED   1 /* flag of PUT */
#define RECORD_RETURNED 1 /* flag of USE */

/* PUT: this, then the body. REMEMBER: this alone; the record's time and age are those of the acceptance. */
struct record_put {
    uint64_t mailbox;
    uint64_t sequence;
    uint8_t id[LAYOUT_ID_LEN];
    uint8_t hash[LAYOUT_HASH_LEN]; /* SHA-256 of the body */
    char sender[LAYOUT_NAME_LEN];
};

/* MEMORY: this, then a memory_item for each id. */
struct record_memory {
    uint64_t mailbox;
    char sender[LAYOUT_NAME_LEN];
};

/* A part of the hash: only who made both envelopes could make these alike, and would harm nobody else. */
#define MEMORY_HASH_LEN 12

struct memory_item {
    uint8_t id[LAYOUT_ID_LEN];
    uint8_t hash[MEMORY_HASH_LEN];
    uint32_t age; /* the shard's at its acceptance */
};

#define MEMORY_LIVE \
    36 /* bytes that an id takes among the living ones of a log: its item, and a part of a head */

/* ACK: this, then the sequences (8 bytes each) of the messages removed. */
struct record_ack {
    uint64_t mailbox;
};

#define ACCOUNT_HAS_IDENTITY 1u
#define ACCOUNT_ADMITTED     2u /* by an invitation to any name: its number stands behind the vault */
#define ACCOUNT_REOPENED     4u /* the name was another account's before */

/* REGISTER, PASSWORD: this, then identity and vault, then 8 bytes if it was admitted. */
struct record_account {
    char name[LAYOUT_NAME_LEN];
    uint64_t version;
    uint64_t mailbox;
    uint8_t salt[STRETCH_SALT_LEN];
    uint8_t check_salt[STRETCH_SALT_LEN];
    uint8_t check[STRETCH_CHECK_LEN];
    uint32_t flags;
    uint32_t state;
    uint32_t identity_len;
    uint32_t vault_len;
};

/* DELETE: this, and a record_invite if the name waits for whoever is invited to it. */
struct record_delete {
    char name[LAYOUT_NAME_LEN];
    uint64_t version; /* the new one, that of the reserved name */
    uint64_t mailbox; /* what is dropped; 0 at birth, and where the name was reserved before */
};

struct record_invite {
    uint8_t hash[LAYOUT_HASH_LEN]; /* of name and token: store.c */
    uint64_t expires;              /* seconds since 1970 */
};

/* INVITATION: this, then a note. Its number, by which the others name it, is the first 8 bytes of the hash. */
struct record_invitation {
    uint8_t hash[LAYOUT_HASH_LEN]; /* of the token: store.c */
    uint64_t expires, lifetime;    /* seconds: since 1970, and from the record's time on */
    uint32_t uses, note_len;       /* how many names it admits; bytes of the note */
};

struct record_use {
    uint64_t invitation;
    char name[LAYOUT_NAME_LEN];
};
struct record_revoke {
    uint64_t invitation;
};

struct record_shard {
    uint64_t serial;
};

struct record_mailbox {
    uint64_t mailbox;
    uint64_t next_sequence;
    uint64_t removals;
};

/* ---- index.gdbm: keys of 16 bytes; values of 112 bytes, of 496 or of 32 ----
 *
 * GDBM reuses space well only among entries of few sizes: 128 bytes with their key, 4 * 128, or 48. */

#define INDEX_KEY_LEN 16
#define INDEX_TINY    32
#define INDEX_SMALL   112
#define INDEX_LARGE   496

/* The first byte of a key; the other 15 are a keyed hash of what stands behind it here. */
enum entry_type {
    ENTRY_ACCOUNT = 'A',    /* name */
    ENTRY_MAILBOX = 'M',    /* mailbox */
    ENTRY_CHUNK = 'I',      /* mailbox, chunk's number */
    ENTRY_ID = 'D',         /* mailbox, message id */
    ENTRY_MEMORY = 'R',     /* mailbox, message id */
    ENTRY_SHARE = 'Q',      /* mailbox, entry_sender */
    ENTRY_NAME = 'N',       /* name */
    ENTRY_INVITATION = 'V', /* its number */
    ENTRY_USE = 'U',        /* invitation's number, name */
};

enum account_state { ACCOUNT_ACTIVE = 1, ACCOUNT_DISABLED = 2, ACCOUNT_DELETED = 3 };

/* Every value begins with its check: keyed, over the key and the rest of the value. */
struct entry_account {
    uint64_t check;
    uint64_t place;  /* of its latest record in the log */
    uint64_t length; /* of that record's payload */
    uint64_t version;
    uint64_t mailbox;
    uint32_t state;
    uint32_t zero;
    char name[LAYOUT_NAME_LEN];
    uint8_t spare[32];
};

struct entry_mailbox {
    uint64_t check;
    uint64_t first; /* chunk; 0 when the mailbox is empty */
    uint64_t last;
    uint64_t next_sequence;
    uint64_t count; /* messages waiting */
    uint64_t bytes; /* their bodies, and STORE_ID_BYTES for each remembered id */
    uint64_t ids;
    uint64_t removals;
    uint64_t live_bytes; /* of the log: what a compaction would copy for it */
    char name[LAYOUT_NAME_LEN];
    uint64_t read_age; /* no id whose message is gone was accepted before this; 0: there is none */
};

enum id_state { ID_WAITING = 1, ID_READ = 2 };

struct entry_id {
    uint64_t check;
    uint64_t sequence;
    uint64_t age; /* the shard's at its acceptance */
    uint32_t state;
    uint32_t zero;
    uint8_t hash[LAYOUT_HASH_LEN];
    char sender[LAYOUT_NAME_LEN];
    uint8_t spare[16];
};

/* An id that a compaction has carried over; until then what was a waiting message's entry is changed in its place, so
 * that removing messages needs no room. */
struct entry_memory {
    uint64_t check;
    uint8_t hash[MEMORY_HASH_LEN];
    uint32_t age;    /* the shard's at its acceptance */
    uint64_t sender; /* entry_sender: leads to the sender's share */
};

struct entry_share {
    uint64_t check;
    uint64_t mailbox;
    uint64_t count;
    uint64_t bytes;
    char sender[LAYOUT_NAME_LEN];
    uint8_t spare[48];
};

/* A second witness: beside each ENTRY_ACCOUNT, so that no single loss makes a name look free. */
struct entry_name {
    uint64_t check;
    char name[LAYOUT_NAME_LEN];
    uint8_t spare[72];
};

struct entry_invitation {
    uint64_t check;
    uint8_t hash[LAYOUT_HASH_LEN];
    uint64_t place;  /* of its record in the log */
    uint64_t length; /* of that record's payload */
    uint64_t expires;
    uint64_t end_age; /* the shard's, at which a compaction leaves it out */
    uint32_t uses;
    uint32_t used;
    uint8_t spare[32];
};

/* One that was spent, and not given back. */
struct entry_use {
    uint64_t check;
    uint64_t invitation;
    uint64_t place;
    char name[LAYOUT_NAME_LEN];
    uint8_t spare[56];
};

#define CHUNK_SLOTS 7
#define SLOT_SIGNED 1

/* One waiting message. Sequence s stands in chunk (s - 1) / 7 + 1, slot (s - 1) % 7. */
struct entry_slot {
    uint8_t id[LAYOUT_ID_LEN];
    char sender[LAYOUT_NAME_LEN];
    uint32_t bytes;
    uint32_t place_low; /* the record's place in the log, in units of 8 bytes */
    uint32_t time_low;
    uint16_t place_high;
    uint8_t time_high;
    uint8_t flags;
};

struct entry_chunk {
    uint64_t check;
    uint64_t mailbox;
    uint64_t number;
    uint64_t previous; /* chunk that has messages; 0 for none */
    uint64_t next;
    uint32_t live; /* bit i: slot i holds a message */
    uint32_t zero;
    struct entry_slot slots[CHUNK_SLOTS];
};

/* ---- index.front: the latest entries, in front of index.gdbm (front.h) ---- */

#define FRONT_SMALL 64 /* places for entries of up to INDEX_SMALL bytes */
#define FRONT_LARGE 8  /* for those of up to INDEX_LARGE */
#define FRONT_SLOTS (FRONT_SMALL + FRONT_LARGE)

struct front_head {
    uint8_t key[INDEX_KEY_LEN];
    uint32_t state; /* enum front_state; 0: the place is empty */
    uint32_t size;  /* of the value */
    uint64_t used;  /* the greater, the later */
};

struct front_small {
    struct front_head head;
    uint64_t value[INDEX_SMALL / 8]; /* begins with its check */
};

struct front_large {
    struct front_head head;
    uint64_t value[INDEX_LARGE / 8];
};

struct front_image {
    struct front_small small[FRONT_SMALL];
    struct front_large large[FRONT_LARGE];
};

_Static_assert(sizeof(struct marker) == 240, "marker has holes");
_Static_assert(sizeof(struct journal_header) == 80, "log header has holes");
_Static_assert(sizeof(struct record_head) == 16, "record head has holes");
_Static_assert(sizeof(struct record_put) == 96, "put record has holes");
_Static_assert(sizeof(struct record_account) == 128, "account record has holes");
_Static_assert(sizeof(struct record_delete) == 48, "delete record has holes");
_Static_assert(sizeof(struct record_invite) == 40, "invitation to a name has holes");
_Static_assert(sizeof(struct record_invitation) == 56, "invitation record has holes");
_Static_assert(sizeof(struct record_use) == 40, "use record has holes");
_Static_assert(sizeof(struct record_mailbox) == 24, "mailbox record has holes");
_Static_assert(sizeof(struct entry_account) == INDEX_SMALL, "size of A");
_Static_assert(sizeof(struct entry_mailbox) == INDEX_SMALL, "size of M");
_Static_assert(sizeof(struct entry_id) == INDEX_SMALL, "size of D");
_Static_assert(sizeof(struct entry_memory) == INDEX_TINY, "size of R");
_Static_assert(sizeof(struct memory_item) == 32, "memory item has holes");
_Static_assert(sizeof(struct record_memory) == 40, "memory record has holes");
_Static_assert(sizeof(struct entry_share) == INDEX_SMALL, "size of Q");
_Static_assert(sizeof(struct entry_name) == INDEX_SMALL, "size of N");
_Static_assert(sizeof(struct entry_invitation) == INDEX_SMALL, "size of V");
_Static_assert(sizeof(struct entry_use) == INDEX_SMALL, "size of U");
_Static_assert(sizeof(struct entry_chunk) == INDEX_LARGE, "size of I");
_Static_assert(sizeof(struct front_small) == 32 + INDEX_SMALL, "front has holes");
_Static_assert(sizeof(struct front_large) == 32 + INDEX_LARGE, "front has holes");

#endif
