/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.c: SipHash under keys that are derived from the store's secret, one for each purpose. */
#include "store/gdbm/keys.h"

#include <stddef.h>
#include <string.h>

#include "crypto/hash.h"

#include "base/banned.h"

enum err keys_derive(struct keys *keys, struct span secret, struct span store_id)
{
    uint8_t out[3 * KEYED_HASH_KEY_LEN];
    enum err e = hash_hkdf(out, sizeof(out), secret, store_id, SPAN("secmsg-store-1"));
    if (!e) {
        memcpy(keys->place, out, KEYED_HASH_KEY_LEN);
        memcpy(keys->entry, out + KEYED_HASH_KEY_LEN, KEYED_HASH_KEY_LEN);
        memcpy(keys->check, out + 2 * KEYED_HASH_KEY_LEN, KEYED_HASH_KEY_LEN);
    }
    bytes_wipe(out, sizeof(out));
    return e;
}

unsigned keys_shard(const struct keys *keys, const char *user, unsigned shards)
{
    return (unsigned)(keyed_hash(keys->place, SPANS(span_str(user))) % shards);
}

unsigned keys_shard_of_invitation(const struct keys *keys, uint64_t number, unsigned shards)
{
    return (unsigned)(keyed_hash(keys->place, SPANS(span_of(&number, sizeof(number)))) % shards);
}

void keys_entry(const struct keys *keys, uint8_t key[static INDEX_KEY_LEN], enum entry_type type,
                struct span a, struct span b)
{
    uint8_t kind = (uint8_t)type;
    uint8_t hash[16];
    keyed_hash_128(hash, keys->entry, SPANS(span_of(&kind, 1), a, b));
    key[0] = kind;
    memcpy(key + 1, hash, INDEX_KEY_LEN - 1);
}

uint64_t keys_check_value(const struct keys *keys, const uint8_t key[static INDEX_KEY_LEN],
                          struct span value)
{
    struct span rest = span_of(value.data + sizeof(uint64_t), value.len - sizeof(uint64_t));
    return keyed_hash(keys->check, SPANS(span_of(key, INDEX_KEY_LEN), rest));
}

uint64_t keys_check_marker(const struct keys *keys, unsigned shard, const struct marker *marker)
{
    return keyed_hash(keys->check, SPANS(span_of(&shard, sizeof(shard)),
                                         span_of(marker, offsetof(struct marker, checksum))));
}

uint64_t keys_check_durable(const struct keys *keys, unsigned shard, const struct durable *durable)
{
    return keyed_hash(keys->check, SPANS(span_of(&shard, sizeof(shard)),
                                         span_of(durable, offsetof(struct durable, checksum))));
}
