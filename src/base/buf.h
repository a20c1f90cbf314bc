/* buf.h: the one growing buffer: bounded, and wiped whenever memory is given back. */
#ifndef SECMSG_BASE_BUF_H
#define SECMSG_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* Owns its bytes. `max` is a hard limit: growing beyond it is ERR_TOO_LARGE. A failed call leaves the
 * buffer as it was. data is NULL until the first byte comes. */
struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* An empty buffer; allocates nothing. */
#define BUF_INIT(limit) ((struct buf){.data = NULL, .len = 0, .cap = 0, .max = (limit)})

/* Wipes and frees; the buffer is empty and usable again. NULL is fine. */
void buf_free(struct buf *b);

/* Forgets the content (wiped). Memory is kept for the next use, but for a large one's (BUF_KEEP): one
 * message of megabytes must not stay with a session for hours. */
#define BUF_KEEP ((size_t)131072)
void buf_clear(struct buf *b);

/* Makes room for n more bytes at data + len. ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum err buf_reserve(struct buf *b, size_t n) MUST_USE;

enum err buf_append(struct buf *b, const void *data, size_t n) MUST_USE;
enum err buf_append_span(struct buf *b, struct span s) MUST_USE;
enum err buf_append_str(struct buf *b, const char *text) MUST_USE;
enum err buf_append_byte(struct buf *b, uint8_t byte) MUST_USE;

/* Appends formatted text, without its terminating zero, which needs room within the limit all the same. */
enum err buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3))) MUST_USE;

/* Removes n bytes (n <= len) from the front. */
void buf_consume(struct buf *b, size_t n);

/* Cuts to n bytes (n <= len), and wipes what is cut off. */
void buf_truncate(struct buf *b, size_t n);

struct span buf_span(const struct buf *b);

#endif
