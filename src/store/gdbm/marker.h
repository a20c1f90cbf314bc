/* SPDX-License-Identifier: GPL-3.0-or-later */
/* marker.h: the two pages of a shard's lock file: the marker, and the durable end. */
#ifndef SECMSG_STORE_GDBM_MARKER_H
#define SECMSG_STORE_GDBM_MARKER_H

#include <sys/stat.h>

#include "store/gdbm/keys.h"

/* What is needed to read and write them. */
struct marker_file {
    int fd;
    unsigned shard;
    const struct keys *keys;
    const uint8_t *boot; /* LAYOUT_BOOT_LEN bytes */
    uint64_t device;     /* of fd; what was written to another file came here with a copy */
    uint64_t inode;
};

struct gdbm_store;

/* Of a shard's lock file, open as fd; *st is fd's. */
struct marker_file marker_file(const struct gdbm_store *k, unsigned shard, int fd,
                               const struct stat *st);

/* ERR_NOT_FOUND: none, torn, of another boot, or of another file. ERR_IO. */
enum err marker_read(const struct marker_file *file, struct marker *marker) MUST_USE;

/* Fills in magic, boot, file and checksum. Under the shard's lock. ERR_NO_SPACE, ERR_IO. */
enum err marker_write(const struct marker_file *file, struct marker *marker) MUST_USE;

/* The durable end of `generation`, 0 where nothing is known or this is a copy. */
uint64_t marker_durable_end(const struct marker_file *file, uint64_t generation);

/* Raises it, and never lowers it or overwrites a later generation's: the page has a lock of its own, so the
 * shard's isn't needed. Where it fails (ERR_BUSY: somebody was stopped with that lock) it lags. */
enum err marker_raise_durable(const struct marker_file *file, uint64_t generation,
                              uint64_t end) MUST_USE;

/* Writes it whatever it is: that of a copy may be too high. Under the shard's lock. */
enum err marker_set_durable(const struct marker_file *file, uint64_t generation,
                            uint64_t end) MUST_USE;

/* Where a lock file comes from, and what it so tells of a generation. With a copy, log and lock file were not
 * copied at one moment: the log here may end before what the lock file speaks of, or behind it. */
struct marker_origin {
    bool is_copy;
    bool is_this_boot; /* copied in this boot: no power was lost since that log was written */
    uint64_t durable;  /* the durable end of this log, 0 where nothing is known */
    uint64_t heard;    /* of a copy: how far the log reached that it was made of */
};

struct marker_origin marker_origin(const struct marker_file *file, uint64_t generation);

/* Whether the index is the file, as it was, that the marker was written for; and noting that. */
bool marker_is_index(const struct marker *marker, const struct stat *st);
void marker_set_index(struct marker *marker, const struct stat *st);

/* Whether what GDBM knew of its file at one still holds at the other: who came since changed the front alone. Times
 * wouldn't tell, since two writes may have the same. */
bool marker_is_same_index(const struct marker *a, const struct marker *b) MUST_USE;

#endif
