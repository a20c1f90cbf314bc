/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames: whatever isn't the very next frame is refused and counts for nothing; what was sealed comes back. */
#include "wire/frame.h"

#include "tests/fuzz/fuzz.h"

#define MOST ((size_t)1 << 20)

void fuzz_start(void)
{
}

static void check_split(struct span plain)
{
    struct frame_parts parts;
    enum err e = frame_split(&parts, plain);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e)
        return;
    FUZZ_HOLDS(parts.head.len <= WIRE_HEAD_MAX && fuzz_is_printable(parts.head));
    FUZZ_HOLDS(parts.head.len + (parts.has_body ? 1 : 0) + parts.body.len == plain.len);
    FUZZ_HOLDS(parts.has_body || parts.body.len == 0);
}

static void check_any(struct span line)
{
    struct frame_end end = {.fernet = {1}, .mac = {2}, .sequence = 3};
    struct buf plain = BUF_INIT(MOST);
    enum err e = frame_open(&plain, &end, line);
    FUZZ_HOLDS(e == ERR_MALFORMED || e == ERR_FORGED);
    FUZZ_HOLDS(plain.len == 0 && end.sequence == 3);
    buf_free(&plain);
}

/* A frame of the input's rest, changed as its beginning says. */
static void check_sealed(struct span in)
{
    struct frame_end sealing = {.fernet = {1}, .mac = {2}, .sequence = 3}, opening = sealing;
    struct buf line = BUF_INIT(MOST), plain = BUF_INIT(MOST);
    size_t at = fuzz_take_number(&in, 65536);
    uint8_t change = fuzz_take_byte(&in), late = fuzz_take_byte(&in) % 4 == 1;
    FUZZ_OK(frame_seal(&line, &sealing, 0, in));
    FUZZ_HOLDS(line.len == frame_line_len(in.len) && sealing.sequence == 4);
    FUZZ_HOLDS(memchr(line.data, '\n', line.len) == line.data + line.len - 1);
    opening.sequence += late;
    line.data[at % (line.len - 1)] ^= change;
    enum err e = frame_open(&plain, &opening, span_of(line.data, line.len - 1));
    FUZZ_HOLDS((e == ERR_OK) == (change == 0 && !late));
    if (e == ERR_OK)
        FUZZ_HOLDS(span_equal(buf_span(&plain), in) && opening.sequence == 4);
    buf_free(&line);
    buf_free(&plain);
}

void fuzz_one(struct span in)
{
    uint8_t kind = fuzz_take_byte(&in) % 3;
    if (kind == 0)
        check_any(in);
    else if (kind == 1)
        check_sealed(in);
    else
        check_split(in);
}
