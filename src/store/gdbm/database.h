/* SPDX-License-Identifier: GPL-3.0-or-later */
/* database.h: a GDBM file, opened, closed and moved with GDBM's habits kept in check. */
#ifndef SECMSG_STORE_GDBM_DATABASE_H
#define SECMSG_STORE_GDBM_DATABASE_H

#include <gdbm.h>

#include "base/error.h"

/* Takes the descriptor, also on an error. flags: GDBM_READER, GDBM_WRITER, or GDBM_NEWDB for an empty file.
 * ERR_DAMAGED only for what stood in the file before; ERR_NO_SPACE, ERR_NO_MEMORY, ERR_IO (logged). */
enum err database_open(GDBM_FILE *db, int fd, int flags) MUST_USE;

/* Without a sync: `dir`, a descriptor opened with O_PATH, takes the place of the file's. NULL is fine. */
void database_close(GDBM_FILE db, int dir);

/* Writes a database that was made in memory to a file, which stays the caller's to close, and goes on there. On an
 * error *db is as it was. */
enum err database_move(GDBM_FILE *db, int file, int dir) MUST_USE;

/* Names what GDBM says, and tells a full disk from a broken file. */
enum err database_failed(GDBM_FILE db, const char *what);

/* The same for a system call about its file. */
enum err database_open_failed(const char *what, int system);

#endif
