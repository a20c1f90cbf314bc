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
};

/* ERR_NOT_FOUND: none, torn, or of another boot. ERR_IO. */
enum err marker_read(const struct marker_file *file, struct marker *marker) MUST_USE;

/* Fills in magic, boot and checksum. Under the shard's lock. ERR_NO_SPACE, ERR_IO. */
enum err marker_write(const struct marker_file *file, struct marker *marker) MUST_USE;

/* The durable end of `generation`, 0 where nothing is known. */
uint64_t marker_durable_end(const struct marker_file *file, uint64_t generation);

/* Raises it; needs no lock. A lower end that is written at the same time may win: it may lag. */
enum err marker_raise_durable(const struct marker_file *file, uint64_t generation,
                              uint64_t end) MUST_USE;

/* Whether the index is the file, as it was, that the marker was written for; and noting that. */
bool marker_is_index(const struct marker *marker, const struct stat *st);
void marker_set_index(struct marker *marker, const struct stat *st);

#endif
