/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others wrote, on its way to a terminal: nothing in it drives or deceives one, in rows of any width. */
#include "client/visible.h"

#include "client/page.h"
#include "crypto/field.h"
#include "tests/fuzz/fuzz.h"

#define MOST ((size_t)16 << 20)

void fuzz_start(void)
{
}

static bool is_bidi(uint32_t c)
{
    return c == 0x061c || (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* By rules of its own: shorter than those of visible.c, and none of them may be broken. */
static void check_harmless(struct span text, bool has_rows)
{
    bool is_ascii = visible_wants_ascii();
    while (text.len > 0) {
        uint32_t c = 0;
        size_t n = field_take_character(text, &c);
        FUZZ_HOLDS(n > 0);
        FUZZ_HOLDS((c >= 0x20 || (has_rows && c == '\n')) && (c < 0x7f || c > 0x9f));
        FUZZ_HOLDS(!is_bidi(c) && c != 0x2028 && c != 0x2029 && c != 0xfeff);
        FUZZ_HOLDS(c < 0xe0000 || c > 0xe0fff);
        FUZZ_HOLDS(!is_ascii || c < 0x7f);
        text = span_of(text.data + n, text.len - n);
    }
}

/* In each row no more columns than there are, as far as ASCII tells. */
static void check_rows(struct span text, size_t width)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        FUZZ_HOLDS(end != NULL);
        struct span row = span_of(text.data, (size_t)(end - text.data));
        FUZZ_HOLDS(!fuzz_is_printable(row) || width < 20 || row.len <= width);
        text = span_of(end + 1, text.len - row.len - 1);
    }
}

void fuzz_one(struct span in)
{
    struct buf out = BUF_INIT(MOST);
    uint8_t how = fuzz_take_byte(&in);
    size_t width = fuzz_take_byte(&in);
    visible_want_ascii(how % 2);
    FUZZ_OK(visible_append(&out, in));
    FUZZ_HOLDS(out.len >= in.len); /* nothing is dropped */
    check_harmless(buf_span(&out), false);
    struct visible_value value = visible_value(in);
    check_harmless(span_str(value.text), false);
    buf_clear(&out);
    FUZZ_OK(page_append(&out, width, how & 2 ? PAGE_INDENT : 0, in));
    check_harmless(buf_span(&out), true);
    if (width > 0)
        check_rows(buf_span(&out), width);
    buf_free(&out);
    if (visible_is_text(in))
        FUZZ_HOLDS(field_is_utf8(in));
}
