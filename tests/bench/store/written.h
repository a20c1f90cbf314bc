/* SPDX-License-Identifier: GPL-3.0-or-later */
/* written.h: counts what this process hands to write() and its sisters, by what the file is to the store. */
#ifndef SECMSG_BENCH_STORE_WRITTEN_H
#define SECMSG_BENCH_STORE_WRITTEN_H

#include <stdbool.h>
#include <stdint.h>

enum written {
    WRITTEN_LOG,
    WRITTEN_ZEROS, /* ahead of a log's end */
    WRITTEN_INDEX,
    WRITTEN_FRONT,
    WRITTEN_NEXT_LOG, /* the log and the index that a compaction makes */
    WRITTEN_NEXT_INDEX,
    WRITTEN_LOCK, /* marker and durable end */
    WRITTEN_OTHER,
    WRITTEN_MEMORY, /* no disk hears of it */
    WRITTEN_KINDS,
};

/* From zero. */
void written_begin(void);

/* Stops, and tells the bytes of each kind. */
void written_end(uint64_t bytes[static WRITTEN_KINDS]);

#endif
