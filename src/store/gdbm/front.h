/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front.h: the latest entries of an index, in a small file in front of GDBM's: the cache of one process, kept for
 * the next one.
 *
 * An entry in it outranks GDBM's. GDBM writes an entry's whole bucket for each store, and most entries change
 * again soon: here a change costs its own bytes, and only what wasn't used for long goes on to GDBM. The marker has
 * the front's digest, so one that is torn, older or newer is seen. Callers hold the shard's lock. */
#ifndef SECMSG_STORE_GDBM_FRONT_H
#define SECMSG_STORE_GDBM_FRONT_H

#include "base/error.h"
#include "store/gdbm/layout.h"

#define FRONT_NAME "index.front"

/* How an entry here stands to GDBM's. Only the last three are in the file. */
enum front_state {
    FRONT_EMPTY,
    FRONT_CLEAN,   /* the same as there */
    FRONT_ABSENT,  /* in neither */
    FRONT_CHANGED, /* outranks what is there */
    FRONT_ADDED,   /* here alone */
    FRONT_REMOVED, /* what is there is no more */
};

struct front {
    int dir;                  /* the shard's, O_PATH; not owned */
    int fd;                   /* -1: not open */
    bool is_known;            /* `saved` is what the file holds */
    uint64_t clock;           /* the latest `used` */
    struct front_image image; /* what counts */
    struct front_image saved; /* what the file holds, FRONT_EMPTY where nothing counts */
};

/* One entry of an image: its head, and its value of up to `room` bytes. */
struct front_slot {
    struct front_head *head;
    uint64_t *value;
    size_t room;
};

struct front_slot front_slot(struct front_image *image, unsigned i); /* i below FRONT_SLOTS */

bool front_is_dirty(const struct front_head *head);

/* The key's place, which is used thereby. `size` is the value's here and below, and tells which places it can have. */
bool front_find(struct front *front, const uint8_t key[static INDEX_KEY_LEN], size_t size,
                struct front_slot *slot) MUST_USE;

/* What it takes to use a place for something else: nothing; a change to what GDBM has; an entry that is new to GDBM,
 * whose file may grow. */
enum front_kind { FRONT_FREE = 1, FRONT_KNOWN = 2, FRONT_NEW = 4 };

/* The place among those kinds that was used longest ago. */
bool front_find_oldest(struct front *front, size_t size, unsigned kinds,
                       struct front_slot *oldest) MUST_USE;

unsigned front_count_dirty(struct front *front, size_t size);

/* Forgets what is in memory, and reads the file anew, unless the digest is 0: an empty one's. ERR_DAMAGED: it
 * isn't what the digest was made of. ERR_IO. */
enum err front_load(struct front *front, uint64_t digest) MUST_USE;

/* Makes the file what the image is, and sets *digest. ERR_NO_SPACE: what the file holds has no digest; ERR_IO. */
enum err front_save(struct front *front, uint64_t *digest) MUST_USE;

void front_close(struct front *front);

#endif
