/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vectors.h: test vectors (JSON files under TEST_VECTORS) as spans, for unit tests. A vector that lacks
 * what a test asks for fails the test. */
#ifndef SECMSG_TESTS_UNIT_VECTORS_H
#define SECMSG_TESTS_UNIT_VECTORS_H

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "crypto/crypto.h"

/* AddressSanitizer replaces the allocator and mlock(2), so what a test says of those can't hold. */
#if defined(__SANITIZE_ADDRESS__)
#define VECTORS_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VECTORS_HAS_ASAN 1
#endif
#endif
#ifndef VECTORS_HAS_ASAN
#define VECTORS_HAS_ASAN 0
#endif

/* A cmocka group's set-up and tear-down. */
static inline int vectors_start(void **state)
{
    (void)state;
    return crypto_init(65536) == ERR_OK ? 0 : -1;
}

static inline int vectors_end(void **state)
{
    (void)state;
    crypto_end();
    return 0;
}

/* The file's root, freed by json_decref. */
static inline json_t *vectors_load(const char *name)
{
    char path[1024];
    json_error_t error;
    int n = snprintf(path, sizeof path, "%s/%s", TEST_VECTORS, name);
    assert_in_range(n, 1, sizeof path - 1);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return root;
}

static inline json_t *vectors_get(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!value)
        fail_msg("a vector has no %s", name);
    return value;
}

/* A string as it stands there; valid as long as the root. */
static inline struct span vectors_text(const json_t *object, const char *name)
{
    json_t *value = vectors_get(object, name);
    assert_true(json_is_string(value));
    return span_of(json_string_value(value), json_string_length(value));
}

static inline unsigned vectors_nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0' + 0U;
    assert_in_range(c, 'a', 'f');
    return c - 'a' + 10U;
}

/* Appends the bytes of a hex string. */
static inline void vectors_append_hex(struct buf *out, struct span hex)
{
    assert_int_equal(hex.len % 2, 0);
    for (size_t i = 0; i < hex.len; i += 2)
        assert_int_equal(buf_append_byte(out, (uint8_t)(vectors_nibble(hex.data[i]) << 4 |
                                                        vectors_nibble(hex.data[i + 1]))),
                         ERR_OK);
}

/* The bytes of a hex string, freed by buf_free. */
static inline struct buf vectors_hex(const json_t *object, const char *name)
{
    struct buf out = BUF_INIT(1 << 20);
    vectors_append_hex(&out, vectors_text(object, name));
    return out;
}

/* The same for exactly n bytes. */
static inline void vectors_bytes(uint8_t *bytes, size_t n, const json_t *object, const char *name)
{
    struct buf out = vectors_hex(object, name);
    assert_int_equal(out.len, n);
    memcpy(bytes, out.data, n);
    buf_free(&out);
}

static inline int vectors_number(const json_t *object, const char *name)
{
    json_t *value = vectors_get(object, name);
    assert_true(json_is_integer(value));
    return (int)json_integer_value(value);
}

/* Calls visit for each test of each group of a Wycheproof file; returns how many there were. */
static inline int vectors_visit_wycheproof(const char *file,
                                           void (*visit)(const json_t *group, const json_t *test))
{
    json_t *root = vectors_load(file), *group, *test;
    size_t i, j;
    int n = 0;
    json_array_foreach(vectors_get(root, "testGroups"), i, group)
    {
        json_array_foreach(vectors_get(group, "tests"), j, test)
        {
            visit(group, test);
            n++;
        }
    }
    assert_int_equal(n, vectors_number(root, "numberOfTests"));
    json_decref(root);
    return n;
}

#define assert_span_equal(a, b)                                      \
    do {                                                             \
        struct span left_ = (a), right_ = (b);                       \
        assert_int_equal(left_.len, right_.len);                     \
        if (left_.len > 0)                                           \
            assert_memory_equal(left_.data, right_.data, left_.len); \
    } while (0)

/* A field that is a line, without its LF. */
static inline struct span vectors_line(const json_t *object, const char *name)
{
    struct span line = vectors_text(object, name);
    assert_true(line.len > 0 && line.data[line.len - 1] == '\n');
    return span_of(line.data, line.len - 1);
}

#endif
