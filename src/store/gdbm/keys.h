/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.h: the keyed hashes that all of the store's own checks and places come from. */
#ifndef SECMSG_STORE_GDBM_KEYS_H
#define SECMSG_STORE_GDBM_KEYS_H

#include "crypto/keyed_hash.h"
#include "store/gdbm/layout.h"

/* Three keys from the store's secret; with them clients can't choose names or ids that collide. */
struct keys {
    uint8_t place[KEYED_HASH_KEY_LEN]; /* which shard a name lives in */
    uint8_t entry[KEYED_HASH_KEY_LEN]; /* index keys */
    uint8_t check[KEYED_HASH_KEY_LEN]; /* checksums of index values, marker, durable end */
};

enum err keys_derive(struct keys *keys, struct span secret, struct span store_id) MUST_USE;

unsigned keys_shard(const struct keys *keys, const char *user, unsigned shards);

/* And an invitation to any name, by its number. */
unsigned keys_shard_of_invitation(const struct keys *keys, uint64_t number, unsigned shards);

/* The index key of (type, a, b); mailbox numbers and the like are spans over the number itself. */
void keys_entry(const struct keys *keys, uint8_t key[static INDEX_KEY_LEN], enum entry_type type,
                struct span a, struct span b);

/* The check of an index value: over its key and all of it but its first 8 bytes. */
uint64_t keys_check_value(const struct keys *keys, const uint8_t key[static INDEX_KEY_LEN],
                          struct span value);

uint64_t keys_check_marker(const struct keys *keys, unsigned shard, const struct marker *marker);
uint64_t keys_check_durable(const struct keys *keys, unsigned shard, const struct durable *durable);

#endif
