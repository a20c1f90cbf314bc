/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tag of 64 bits under a secret key says not only that a record is damaged, but also, to whoever tries, what it was.
 * Invariant: what is said to be mended has the tag that was written for it, which nothing else has. */
#include "store/gdbm/mend.h"

#include <string.h>

#include "crypto/hash.h"

#include "base/banned.h"

static bool is_right(const struct mend *m)
{
    uint64_t covered = m->size - sizeof(uint64_t);
    uint64_t tag;
    if (*m->budget < m->size)
        return false;
    *m->budget -= m->size;
    memcpy(&tag, m->bytes + covered, sizeof(tag));
    return journal_tag(m->journal, m->before, SPANS(span_of(m->bytes, covered))) == tag;
}

/* However many of its bits are wrong, eight lengths are possible. */
static bool mend_length(const struct mend *m)
{
    struct record_head head;
    memcpy(&head, m->bytes, sizeof(head));
    const uint32_t was = head.length;
    uint64_t most = m->size - journal_record_size(0);
    for (uint64_t length = most > 7 ? most - 7 : 0; length <= most; length++) {
        head.length = (uint32_t)length;
        memcpy(m->bytes, &head.length, sizeof(head.length));
        if (is_right(m))
            return true;
    }
    memcpy(m->bytes, &was, sizeof(was));
    return false;
}

static bool mend_bit(const struct mend *m, uint64_t *place)
{
    for (uint64_t at = 0; at < m->size - sizeof(uint64_t); at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            m->bytes[at] ^= (uint8_t)(1u << bit);
            if (is_right(m)) {
                *place = at & ~UINT64_C(7);
                return true;
            }
            m->bytes[at] ^= (uint8_t)(1u << bit);
        }
        if (*m->budget < m->size)
            return false;
    }
    return false;
}

bool mend_record(const struct mend *m, uint64_t *place)
{
    *place = 0;
    if (m->size < journal_record_size(0) || m->size > journal_record_size(RECORD_MAX))
        return false;
    return mend_length(m) || mend_bit(m, place);
}
