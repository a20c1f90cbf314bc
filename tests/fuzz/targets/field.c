/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields: what is taken is exactly of its form, and lines come back as they were added. */
#include "crypto/field.h"

#include <inttypes.h>

#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

static void check_number(struct span in)
{
    uint64_t number;
    char text[32];
    if (field_number(in, &number) != ERR_OK)
        return;
    FUZZ_HOLDS(number < UINT64_C(1) << 53);
    snprintf(text, sizeof(text), "%" PRIu64, number);
    FUZZ_HOLDS(span_is(in, text));
}

static bool has(struct span in, const char *bytes)
{
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] != '\0' && strchr(bytes, in.data[i]) != NULL)
            return true;
    return false;
}

static bool has_controls(struct span in)
{
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] < 0x20 || in.data[i] == 0x7f ||
            (in.data[i] == 0xc2 && i + 1 < in.len && in.data[i + 1] < 0xa0))
            return true;
    return false;
}

static void check_forms(struct span in)
{
    if (field_is_user(in))
        FUZZ_HOLDS(in.len > 0 && in.len <= FIELD_USER_MAX && !has(in, "/\\ ABZ\n") &&
                   !has_controls(in) && in.data[0] != '.' && in.data[0] != '-');
    if (field_is_id(in))
        FUZZ_HOLDS(in.len == FIELD_ID_LEN && fuzz_is_printable(in));
    if (field_is_type(in))
        FUZZ_HOLDS(in.len >= 3 && in.len <= FIELD_TYPE_MAX && has(in, "/") && !has_controls(in));
    if (field_is_file_name(in))
        FUZZ_HOLDS(in.len > 0 && in.len <= FIELD_NAME_MAX && !has(in, "/\\") && !has_controls(in) &&
                   in.data[0] != '.' && field_is_utf8(in) && memchr(in.data, 0, in.len) == NULL);
}

static size_t encode(uint32_t c, uint8_t out[static 4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(lead[n] | c);
    return n;
}

/* Each character is the one that it would be encoded as. */
static void check_utf8(struct span in)
{
    struct span rest = in;
    bool is_good = true;
    while (is_good && rest.len > 0) {
        uint32_t c = 0;
        uint8_t again[4];
        size_t n = field_take_character(rest, &c);
        is_good = n > 0;
        if (is_good) {
            FUZZ_HOLDS(n <= rest.len && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
            FUZZ_HOLDS(encode(c, again) == n && memcmp(again, rest.data, n) == 0);
            rest = span_of(rest.data + n, rest.len - n);
        }
    }
    FUZZ_HOLDS(field_is_utf8(in) == is_good);
}

static void check_lines(struct span in)
{
    struct span rest = in, value;
    struct buf again = BUF_INIT(65536);
    if (field_take_line(&rest, "name", &value) == ERR_OK) {
        FUZZ_OK(field_add_line(&again, "name", value));
        FUZZ_OK(buf_append_span(&again, rest));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
    } else {
        FUZZ_HOLDS(rest.data == in.data && rest.len == in.len);
    }
    uint8_t bytes[8];
    rest = in;
    buf_clear(&again);
    if (field_take_b64(&rest, "b", bytes, sizeof(bytes)) == ERR_OK) {
        FUZZ_OK(field_add_b64(&again, "b", span_of(bytes, sizeof(bytes))));
        FUZZ_OK(buf_append_span(&again, rest));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
    }
    buf_free(&again);
}

void fuzz_one(struct span in)
{
    check_number(in);
    check_forms(in);
    check_utf8(in);
    check_lines(in);
}
