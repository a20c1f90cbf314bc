/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SipHash-2-4, 64 and 128 bits, after the paper's and the reference code's description. Parts of
 * any length stand one after the other: a word that one part begins, the next one fills. */
#include "crypto/keyed_hash.h"

#include <endian.h>
#include <string.h>

#include "base/banned.h"

struct sip {
    uint64_t v0, v1, v2, v3;
    uint64_t word; /* the bytes of the message word that isn't full yet */
    uint64_t len;
};

static uint64_t rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(struct sip *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotl(s->v1, 13) ^ s->v0;
        s->v3 = rotl(s->v3, 16) ^ s->v2;
        s->v0 = rotl(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotl(s->v1, 17) ^ s->v2;
        s->v3 = rotl(s->v3, 21) ^ s->v0;
        s->v2 = rotl(s->v2, 32);
    }
}

static void take_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

static struct sip begin(const uint8_t key[static KEYED_HASH_KEY_LEN])
{
    uint64_t k0 = bytes_get_le64(key), k1 = bytes_get_le64(key + 8);
    return (struct sip){
        .v0 = k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = k1 ^ UINT64_C(0x7465646279746573),
    };
}

/* As bytes_get_le64, which is a call for each eight bytes: a third of what a put computes. */
static inline uint64_t word_at(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return le64toh(word);
}

static void take_byte(struct sip *s, uint8_t byte)
{
    s->word |= (uint64_t)byte << (8 * (s->len % 8));
    if (++s->len % 8)
        return;
    take_word(s, s->word);
    s->word = 0;
}

/* Whole words at once where the text so far ends with one; the last word carries the text's length. */
static void take_parts(struct sip *s, const struct span parts[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < parts[i].len) {
            if (s->len % 8 || parts[i].len - at < 8) {
                take_byte(s, parts[i].data[at++]);
                continue;
            }
            take_word(s, word_at(parts[i].data + at));
            s->len += 8;
            at += 8;
        }
    }
    take_word(s, s->word | s->len << 56);
}

static uint64_t finish(struct sip *s)
{
    rounds(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t keyed_hash(const uint8_t key[static KEYED_HASH_KEY_LEN], const struct span parts[],
                    size_t n)
{
    struct sip s = begin(key);
    take_parts(&s, parts, n);
    s.v2 ^= 0xff;
    uint64_t hash = finish(&s);
    bytes_wipe(&s, sizeof s);
    return hash;
}

void keyed_hash_128(uint8_t out[static 16], const uint8_t key[static KEYED_HASH_KEY_LEN],
                    const struct span parts[], size_t n)
{
    struct sip s = begin(key);
    s.v1 ^= 0xee;
    take_parts(&s, parts, n);
    s.v2 ^= 0xee;
    bytes_put_le64(out, finish(&s));
    s.v1 ^= 0xdd;
    bytes_put_le64(out + 8, finish(&s));
    bytes_wipe(&s, sizeof s);
}
