/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The growing buffer. Its memory is never handed back to the allocator with content in it, so realloc,
 * which may leave a copy behind, isn't used. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SMALLEST 256

void buf_free(struct buf *b)
{
    if (!b)
        return;
    if (b->data)
        bytes_wipe(b->data, b->cap);
    free(b->data);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    buf_truncate(b, 0);
}

/* Doubles, so that n appends cost O(n), but never beyond the limit. */
static size_t grown(const struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : SMALLEST;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : 2 * cap;
    return cap < b->max ? cap : b->max;
}

enum err buf_reserve(struct buf *b, size_t n)
{
    if (n > b->max - b->len)
        return ERR_TOO_LARGE;
    if (n <= b->cap - b->len)
        return ERR_OK;
    size_t cap = grown(b, b->len + n);
    uint8_t *data = malloc(cap);
    if (!data)
        return ERR_NO_MEMORY;
    if (b->len > 0)
        memcpy(data, b->data, b->len);
    if (b->data)
        bytes_wipe(b->data, b->cap);
    free(b->data);
    b->data = data;
    b->cap = cap;
    return ERR_OK;
}

enum err buf_append(struct buf *b, const void *data, size_t n)
{
    enum err e = buf_reserve(b, n);
    if (e)
        return e;
    if (n > 0)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    return ERR_OK;
}

enum err buf_append_span(struct buf *b, struct span s)
{
    return buf_append(b, s.data, s.len);
}

enum err buf_append_str(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

enum err buf_append_byte(struct buf *b, uint8_t byte)
{
    return buf_append(b, &byte, 1);
}

enum err buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return ERR_INTERNAL;
    size_t len = (size_t)n;
    /* vsnprintf writes a zero behind the text: room for it is taken and given back. */
    enum err e = buf_reserve(b, len + 1);
    if (e)
        return e;
    va_start(args, format);
    vsnprintf((char *)b->data + b->len, len + 1, format, args);
    va_end(args);
    b->len += len;
    return ERR_OK;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    if (n < b->len)
        memmove(b->data, b->data + n, b->len - n);
    buf_truncate(b, b->len - n);
}

void buf_truncate(struct buf *b, size_t n)
{
    if (n == 0 && b->cap > BUF_KEEP) {
        buf_free(b);
        return;
    }
    if (n < b->len)
        bytes_wipe(b->data + n, b->len - n);
    b->len = n;
}

struct span buf_span(const struct buf *b)
{
    return span_of(b->data, b->len);
}
