/* SPDX-License-Identifier: GPL-3.0-or-later */
/* library.h: what several files of this room need of libgcrypt's own types. No other room includes it. */
#ifndef SECMSG_CRYPTO_LIBRARY_H
#define SECMSG_CRYPTO_LIBRARY_H

#include <gcrypt.h>

#include <stdint.h>

#include "base/error.h"

/* ERR_OK, ERR_NO_MEMORY, or ERR_INTERNAL for everything that should have worked. */
enum err library_error(gcry_error_t code) MUST_USE;

/* The same for an operation on what somebody else made: ERR_FORGED unless it went well. */
enum err library_verified(gcry_error_t code) MUST_USE;

/* ERR_NO_MEMORY unless `bytes` of secure memory are free. Asked before an operation on secrets: inside
 * one, libgcrypt 1.10 would go on in memory that isn't locked. */
enum err library_need_secure(size_t bytes) MUST_USE;

/* Copies the value of (name value), anywhere in an s-expression, right-aligned into out[n]; leading zero
 * bytes are cut or added as needed. ERR_INTERNAL if it isn't there or is longer. */
enum err library_sexp_value(uint8_t *out, size_t n, gcry_sexp_t from, const char *name) MUST_USE;

/* Writes a number right-aligned into out[n]. ERR_INTERNAL if it is longer. */
enum err library_mpi_bytes(uint8_t *out, size_t n, gcry_mpi_t number) MUST_USE;

#endif
