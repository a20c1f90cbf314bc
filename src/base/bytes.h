/* bytes.h: spans of bytes that somebody else owns, and the few operations that all rooms need. */
#ifndef SECMSG_BASE_BYTES_H
#define SECMSG_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A read-only view. It owns nothing, and is valid as long as what it points into. */
struct span {
    const uint8_t *data;
    size_t len;
};

/* A span of a string literal, without its terminating zero. */
#define SPAN(literal) ((struct span){(const uint8_t *)("" literal), sizeof(literal) - 1})

struct span span_of(const void *data, size_t len);

/* The characters of a zero-terminated string, without the zero. */
struct span span_str(const char *text);

/* Equality of public bytes; it may stop at the first difference. */
bool span_equal(struct span a, struct span b);

bool span_is(struct span a, const char *text);

/* Copies a span that must fit, and a terminating zero, into text[size]; false (and "") if it doesn't
 * fit or contains a zero byte. */
bool span_to_text(struct span a, char *text, size_t size);

/* Equality in time that depends on n alone. For everything secret, and for MACs. */
bool bytes_equal_secret(const void *a, const void *b, size_t n);

/* Overwrites n bytes; the compiler can't remove it. */
void bytes_wipe(void *data, size_t n);

/* be64(n) of the protocol page: eight bytes, big-endian; and little-endian, as SipHash has it. */
void bytes_put_be64(uint8_t out[static 8], uint64_t n);
uint64_t bytes_get_be64(const uint8_t in[static 8]);
void bytes_put_le64(uint8_t out[static 8], uint64_t n);
uint64_t bytes_get_le64(const uint8_t in[static 8]);

#endif
