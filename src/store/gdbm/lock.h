/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock.h: flock(2) with a deadline. */
#ifndef SECMSG_STORE_GDBM_LOCK_H
#define SECMSG_STORE_GDBM_LOCK_H

#include <stdint.h>

#include "base/error.h"

/* How long lock_take waits, 5000 ms; tests make it shorter. */
extern uint64_t lock_patience_ms;

/* Takes the file's exclusive lock. ERR_BUSY, ERR_IO. */
enum err lock_take(int fd) MUST_USE;
void lock_release(int fd);

/* The same for a part of the file, another lock than that (F_OFD_SETLK), for a tenth of the time. */
enum err lock_take_range(int fd, int64_t start, int64_t len) MUST_USE;
void lock_release_range(int fd, int64_t start, int64_t len);

#endif
