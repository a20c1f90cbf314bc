/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts libgcrypt so that a process that lives for one connection can afford it: the kernel's generator
 * instead of a pool of its own, and no more secure memory than asked for. */
#include "crypto/crypto.h"

#include <gcrypt.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

#define OLDEST_VERSION "1.10.0"
#define LEAST_SECURE   16384 /* libgcrypt's own minimum */

static bool is_locked;

/* Keeps the secure pool out of core files, which libgcrypt doesn't. The pool is a mapping, and its first
 * block lies at the mapping's start. */
static enum err seal_pool(size_t size)
{
    void *block = gcry_malloc_secure(1);
    if (!block)
        return ERR_NO_MEMORY;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pool = (uint8_t *)block - (uintptr_t)block % page;
    gcry_free(block);
    size = (size + page - 1) / page * page;
    if (!gcry_is_secure(pool + size - 1))
        return ERR_INTERNAL;
    return madvise(pool, size, MADV_DONTDUMP) == 0 ? ERR_OK : ERR_INTERNAL;
}

enum err crypto_init(size_t secure_bytes)
{
    size_t size = secure_bytes < LEAST_SECURE ? LEAST_SECURE : secure_bytes;
    if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
        return ERR_OK;
    if (size > INT_MAX)
        return ERR_NO_MEMORY;
    gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_SYSTEM);
    if (!gcry_check_version(OLDEST_VERSION))
        return ERR_UNSUPPORTED;
    gcry_control(GCRYCTL_DISABLE_SECMEM_WARN);
    /* The pool is made in any case; the answer is whether it could be locked. */
    is_locked = gcry_control(GCRYCTL_INIT_SECMEM, (unsigned)size) == 0;
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED);
    return seal_pool(size);
}

bool crypto_is_locked(void)
{
    return is_locked;
}

void crypto_end(void)
{
    gcry_control(GCRYCTL_TERM_SECMEM);
}

const char *crypto_version(void)
{
    static char text[48];
    snprintf(text, sizeof text, "libgcrypt %s", gcry_check_version(NULL));
    return text;
}
