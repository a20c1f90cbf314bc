/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypto.h: starts libgcrypt. Nothing else of this room may be called before. */
#ifndef SECMSG_CRYPTO_CRYPTO_H
#define SECMSG_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Checks libgcrypt's version (1.10 or later), chooses the kernel's random generator, and sets aside
 * `secure_bytes` of memory that is locked and never in a core file: 0 for the smallest. Running out of
 * it later is ERR_NO_MEMORY, never an abort. A second call does nothing. ERR_UNSUPPORTED, ERR_NO_MEMORY,
 * ERR_INTERNAL. */
enum err crypto_init(size_t secure_bytes) MUST_USE;

/* Whether the secure memory could be locked (RLIMIT_MEMLOCK); where not, a program warns its user. It
 * works, is wiped, and stays out of core files all the same. */
bool crypto_is_locked(void);

/* Wipes the secure memory. Call it last; also fine without crypto_init. */
void crypto_end(void);

/* A libgcrypt that can serve, for `--version` and INFO: for example "libgcrypt 1.10.1". */
const char *crypto_version(void);

#endif
