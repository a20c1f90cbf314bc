/* file.h: small files, read whole and replaced whole. */
#ifndef SECMSG_BASE_FILE_H
#define SECMSG_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* Appends a regular file's bytes, up to out's limit. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO (errno). */
enum err file_read(int dir, const char *name, struct buf *out) MUST_USE;

/* The same from a descriptor, wherever it stands, to its end; blocking. */
enum err file_read_all(int fd, struct buf *out) MUST_USE;

/* Replaces (or makes) a file so that, after a crash at any point, either the old or the new content is
 * there whole: a temporary file beside it, fsync, rename, fsync of the directory. ERR_NO_SPACE,
 * ERR_READ_ONLY, ERR_NOT_FOUND (no such directory), ERR_IO (errno). */
enum err file_replace(int dir, const char *name, struct span content, mode_t mode) MUST_USE;

/* A name that was made there survives a loss of power from now on: fsync of the directory that holds it. */
enum err file_sync_name(int dir, const char *name) MUST_USE;

/* Writes all n bytes to a blocking descriptor, over short writes and EINTR. ERR_NO_SPACE, ERR_CLOSED,
 * ERR_IO. */
enum err file_write_all(int fd, struct span content) MUST_USE;

#endif
