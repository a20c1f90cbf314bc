/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mend.h: a damaged record whose tag is known: which bit was it? */
#ifndef SECMSG_STORE_GDBM_MEND_H
#define SECMSG_STORE_GDBM_MEND_H

#include "store/gdbm/journal.h"

/* A stretch of a log between a whole record and the next. */
struct mend {
    const struct journal *journal;
    struct journal_end before; /* its place, and the tag before it */
    uint8_t *bytes;            /* with its tag at the end, a multiple of 8 */
    uint64_t size;
    uint64_t *budget; /* of bytes to hash; is used up */
};

/* Tries each length that such a record can have, and each single bit. true: the bytes are right now, and it was the
 * 8 bytes at *place that weren't. Else they are as they were. */
bool mend_record(const struct mend *m, uint64_t *place);

#endif
