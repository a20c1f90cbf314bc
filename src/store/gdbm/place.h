/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.h: all of what stands, or shall stand, at a place in a file. */
#ifndef SECMSG_STORE_GDBM_PLACE_H
#define SECMSG_STORE_GDBM_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As pread, but less than `n` means that the file ends there, and nothing interrupts it. */
ssize_t place_read(int fd, void *data, size_t n, uint64_t place);

/* Writes all of it; false: errno says why not. */
bool place_write(int fd, const void *data, size_t n, uint64_t place);

#endif
