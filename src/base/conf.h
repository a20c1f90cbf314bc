/* conf.h: files of `name = value` lines; `#` begins a comment line. */
#ifndef SECMSG_BASE_CONF_H
#define SECMSG_BASE_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Called for each setting; returns ERR_NOT_FOUND for an unknown name, ERR_MALFORMED for a bad value. */
typedef enum err conf_setter(void *context, const char *name, const char *value);

/* Reads a file, at most 64 KiB. On an error, message[size] says which file, line and what to do:
 * ERR_NOT_FOUND if there is no such file, ERR_TOO_LARGE, ERR_MALFORMED for anything wrong in it, ERR_IO. */
enum err conf_read(const char *path, conf_setter *set, void *context, char *message,
                   size_t size) MUST_USE;

/* A whole number with an optional K, M or G (powers of 1024) behind it, within [least, most]. */
enum err conf_number(const char *value, uint64_t least, uint64_t most, uint64_t *number) MUST_USE;

#endif
