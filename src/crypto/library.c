/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seam to libgcrypt's types: errors, room in secure memory, numbers as bytes of a fixed length. */
#include "crypto/library.h"

#include <string.h>

#include "base/banned.h"

enum err library_error(gcry_error_t code)
{
    switch (gcry_err_code(code)) {
    case GPG_ERR_NO_ERROR:
        return ERR_OK;
    case GPG_ERR_ENOMEM:
        return ERR_NO_MEMORY;
    default:
        return ERR_INTERNAL;
    }
}

enum err library_verified(gcry_error_t code)
{
    enum err e = library_error(code);
    return e == ERR_INTERNAL ? ERR_FORGED : e;
}

enum err library_need_secure(size_t bytes)
{
    void *room = gcry_malloc_secure(bytes);
    if (!room)
        return ERR_NO_MEMORY;
    gcry_free(room);
    return ERR_OK;
}

static enum err align_right(uint8_t *out, size_t n, const uint8_t *in, size_t len)
{
    while (len > n && *in == 0) {
        in++;
        len--;
    }
    if (len > n)
        return ERR_INTERNAL;
    memset(out, 0, n - len);
    memcpy(out + n - len, in, len);
    return ERR_OK;
}

enum err library_sexp_value(uint8_t *out, size_t n, gcry_sexp_t from, const char *name)
{
    gcry_sexp_t pair = gcry_sexp_find_token(from, name, 0);
    if (!pair)
        return ERR_INTERNAL;
    size_t len = 0;
    const char *value = gcry_sexp_nth_data(pair, 1, &len);
    enum err e = value ? align_right(out, n, (const uint8_t *)value, len) : ERR_INTERNAL;
    gcry_sexp_release(pair);
    return e;
}

enum err library_mpi_bytes(uint8_t *out, size_t n, gcry_mpi_t number)
{
    size_t len = 0;
    if (gcry_mpi_print(GCRYMPI_FMT_USG, out, n, &len, number))
        return ERR_INTERNAL;
    memmove(out + n - len, out, len);
    memset(out, 0, n - len);
    return ERR_OK;
}
