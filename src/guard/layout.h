/* layout.h: the guard's file, byte by byte. In the machine's byte order; unused bytes are zero.
 *
 * Everything behind the header is written by many processes at once, by atomic operations on single words, and any
 * value may stand there. */
#ifndef SECMSG_GUARD_LAYOUT_H
#define SECMSG_GUARD_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>

#include "base/boot.h"
#include "crypto/keyed_hash.h"
#include "guard/guard.h"

#define LAYOUT_MAGIC   UINT64_C(0x3130445241554753) /* "SGUARD01" */
#define LAYOUT_SOURCES 4096                         /* of each kind: IPv4, IPv6 */
#define LAYOUT_WAYS    8                            /* places that a source has in its table */

static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
              "atomics of 64 bits that work between processes");

typedef _Atomic uint64_t layout_word;

/* Written once, before the file has its name. A copy of a file is another file. */
struct layout_header {
    uint64_t magic;
    uint64_t size; /* of struct guard_file: a version with other counters makes another file */
    uint8_t boot[BOOT_ID_LEN];
    uint64_t device;
    uint64_t inode;
    uint64_t since;                  /* wall clock, seconds */
    uint64_t processors;             /* of the machine; 0: not known */
    uint8_t key[KEYED_HASH_KEY_LEN]; /* so that nobody chooses sources that share places */
};

/* A connection. Free when `owner` is 0 but for its flags, or `seen` is long ago. */
struct layout_slot {
    _Atomic uint32_t
        owner; /* a robust futex: its process's id; the kernel removes it when that dies */
    _Atomic uint32_t is_new; /* 1 until its login */
    layout_word source;
    layout_word seen; /* when the owner last said that it lives, ms */
};

/* A source. Free when `source` is 0 or both times have passed. */
struct layout_source {
    layout_word source;
    layout_word penalty;    /* when it is over, ms, times 2; 1 more: it has reached the minimum */
    layout_word registered; /* when its bucket will be full again, us */
    _Atomic uint32_t given[GUARD_OFFENCES + 1];
};

struct layout_times {
    layout_word n;
    layout_word sum_us;
    layout_word buckets[GUARD_BUCKETS];
};

struct layout_counts {
    layout_word counters[GUARD_COUNTERS];
    layout_word answers[GUARD_CODES];
    layout_word penalties[GUARD_OFFENCES];
    struct layout_times commands[GUARD_VERBS];
    struct layout_times connections;
};

/* The answer to guard_pressure, and when it was asked for, ms. */
struct layout_pressure {
    layout_word asked;
    layout_word load;
};

struct guard_file {
    struct layout_header header;
    struct layout_pressure pressure;
    layout_word registered; /* as above, for all together */
    layout_word top;        /* slots from here on were never used */
    struct layout_counts counts;
    struct layout_slot slots[GUARD_CONNECTIONS];
    struct layout_source sources[2][LAYOUT_SOURCES]; /* IPv4; IPv6: neither displaces the other */
};

#endif
