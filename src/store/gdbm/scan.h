/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scan.h: reads a log from its first record to its end, past damage. */
#ifndef SECMSG_STORE_GDBM_SCAN_H
#define SECMSG_STORE_GDBM_SCAN_H

#include "store/gdbm/journal.h"

struct scan {
    const struct journal *journal;
    struct journal_end end; /* behind the last record read: at last, the log's end */
    uint64_t known_end;     /* a broken chain before this is damage, from here on it is the end */
    uint64_t doubted_end;   /* unless it is before this one, and more stands behind it */
    uint64_t heard_end;     /* where the log ended that this one is perhaps an older copy of */
    uint8_t *window;        /* bytes of the file from window_at on */
    uint64_t window_at;
    uint64_t window_len;
    uint64_t window_cap;
    uint64_t window_size; /* how much is read at a time */
    uint64_t mend_budget; /* bytes to hash where one bit is sought */
    uint64_t hashed;      /* so far */
};

/* A record, or, where is_lost, a stretch of the log that can't be read. Where is_mended, 8 bytes of it were damaged,
 * as its tag or the record behind it shows: what should stand before a place is in `mended`. */
struct scan_record {
    uint64_t place;
    uint64_t size;
    struct record_head head; /* of a lost stretch: as it stands there, for what it is worth */
    struct span payload;     /* valid until the next call */
    bool is_lost;
    bool is_mended;
    struct journal_end mended;
};

/* doubted_end and heard_end, 0 for most, are the caller's to set after this. */
void scan_open(struct scan *scan, const struct journal *journal, uint64_t known_end);
void scan_close(struct scan *scan);

/* ERR_NOT_FOUND at the log's end; ERR_IO, ERR_NO_MEMORY. */
enum err scan_next(struct scan *scan, struct scan_record *record) MUST_USE;

/* Whether whole records lead from the one that ends at `from` to `end`. ERR_DAMAGED if not. */
enum err scan_check(const struct journal *journal, uint64_t from, struct journal_end end) MUST_USE;

#endif
