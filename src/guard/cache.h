/* cache.h: the guard's file: found, judged, made anew where it is no good, and mapped. */
#ifndef SECMSG_GUARD_CACHE_H
#define SECMSG_GUARD_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "guard/layout.h"

/* Which file it is, as its own header must have it. */
struct cache_origin {
    uint8_t boot[BOOT_ID_LEN];
    uint64_t device;
    uint64_t inode;
};

/* Whether these n bytes are a guard's file that this program can use. Only the header is judged: whatever stands
 * behind it, every function of this room bears it. */
bool cache_is_good(const void *bytes, size_t n, const struct cache_origin *origin);

/* Maps the directory's file. With may_make, one that isn't there or
 * isn't good is made anew, whole or not at all; of several who do so at once, all end with the same one. Otherwise
 * ERR_NOT_FOUND, ERR_UNSUPPORTED. ERR_DENIED, ERR_READ_ONLY, ERR_NO_SPACE, ERR_BUSY (another one replaces it just
 * now, and takes long), ERR_IO with errno. */
enum err cache_open(const char *directory, bool may_make, struct guard_file **file) MUST_USE;

#endif
