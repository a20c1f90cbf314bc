/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spans, comparison, wiping, and numbers as bytes. */
#include "base/bytes.h"

#include <string.h>

#include "base/banned.h"

struct span span_of(const void *data, size_t len)
{
    return (struct span){data, len};
}

struct span span_str(const char *text)
{
    return span_of(text, strlen(text));
}

bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_str(text));
}

bool span_to_text(struct span a, char *text, size_t size)
{
    text[0] = '\0';
    if (a.len >= size || (a.len > 0 && memchr(a.data, 0, a.len)))
        return false;
    if (a.len > 0)
        memcpy(text, a.data, a.len);
    text[a.len] = '\0';
    return true;
}

bool bytes_equal_secret(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < n; i++)
        difference = (uint8_t)(difference | (x[i] ^ y[i]));
    return difference == 0;
}

void bytes_wipe(void *data, size_t n)
{
    if (n > 0)
        explicit_bzero(data, n);
}

void bytes_put_be64(uint8_t out[static 8], uint64_t n)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(n >> (56 - 8 * i));
}

uint64_t bytes_get_be64(const uint8_t in[static 8])
{
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | in[i];
    return n;
}

void bytes_put_le64(uint8_t out[static 8], uint64_t n)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(n >> (8 * i));
}

uint64_t bytes_get_le64(const uint8_t in[static 8])
{
    uint64_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n |= (uint64_t)in[i] << (8 * i);
    return n;
}
