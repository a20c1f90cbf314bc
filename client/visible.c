/* SPDX-License-Identifier: GPL-3.0-or-later */
/* visible.c: makes text safe for a terminal. Every character is either known to be harmless and copied
 * as it is, or written out in printable ASCII; nothing is dropped. */
#include "visible.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct character {
    uint32_t point;
    size_t len; /* bytes that it takes, 0 if they aren't UTF-8 */
};

static const struct {
    uint32_t first, last;
} risky_ranges[] = {
    {0x0000, 0x001f},   /* C0 */
    {0x007f, 0x009f},   /* DEL, C1 */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x200e, 0x200f},   /* left-to-right and right-to-left mark */
    {0x2028, 0x202e},   /* line and paragraph separator; embeddings and overrides */
    {0x2066, 0x2069},   /* isolates */
    {0xfff9, 0xfffb},   /* interlinear annotation */
    {0xe0000, 0xe007f}, /* tags: invisible text */
};

static bool is_risky(uint32_t point)
{
    for (size_t i = 0; i < sizeof(risky_ranges) / sizeof(risky_ranges[0]); i++) {
        if (point >= risky_ranges[i].first && point <= risky_ranges[i].last)
            return true;
    }
    return false;
}

static struct character decode_tail(struct span text, uint32_t point, size_t len, uint32_t least)
{
    if (text.len < len)
        return (struct character){0, 0};
    for (size_t i = 1; i < len; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return (struct character){0, 0};
        point = point << 6 | (text.data[i] & 0x3fU);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return (struct character){0, 0};
    return (struct character){point, len};
}

static struct character decode(struct span text)
{
    uint8_t first = text.data[0];
    if (first < 0x80)
        return (struct character){first, 1};
    if (first >= 0xc2 && first <= 0xdf)
        return decode_tail(text, first & 0x1fU, 2, 0x80);
    if (first >= 0xe0 && first <= 0xef)
        return decode_tail(text, first & 0x0fU, 3, 0x800);
    if (first >= 0xf0 && first <= 0xf4)
        return decode_tail(text, first & 0x07U, 4, 0x10000);
    return (struct character){0, 0};
}

/* What stands for the character at the front of text, and how many of its bytes that takes. */
static size_t write_out(char shown[static 16], struct span text, bool keeps_lines)
{
    struct character c = decode(text);
    if (c.len == 0) {
        (void)snprintf(shown, 16, "\\x%02x", text.data[0]);
        return 1;
    }
    bool stays = keeps_lines && (c.point == '\n' || c.point == '\t');
    if (stays || !is_risky(c.point)) {
        memcpy(shown, text.data, c.len);
        shown[c.len] = '\0';
    } else if (c.point < 0x80) {
        (void)snprintf(shown, 16, "\\x%02x", (unsigned)c.point);
    } else {
        (void)snprintf(shown, 16, "<U+%04X>", (unsigned)c.point);
    }
    return c.len;
}

enum err visible_append(struct buf *out, struct span text, bool keeps_lines)
{
    size_t before = out->len;
    while (text.len > 0) {
        char shown[16];
        size_t taken = write_out(shown, text, keeps_lines);
        enum err err = buf_append_str(out, shown);
        if (err != ERR_OK) {
            buf_truncate(out, before);
            return err;
        }
        text = span_of(text.data + taken, text.len - taken);
    }
    return ERR_OK;
}

struct visible_value visible_value(struct span text)
{
    struct visible_value value = {.text = ""};
    size_t used = 0;
    while (text.len > 0) {
        char shown[16];
        size_t taken = write_out(shown, text, false);
        size_t len = strlen(shown);
        if (used + len + sizeof("...") > sizeof(value.text)) {
            memcpy(value.text + used, "...", sizeof("..."));
            return value;
        }
        memcpy(value.text + used, shown, len + 1);
        used += len;
        text = span_of(text.data + taken, text.len - taken);
    }
    return value;
}

bool visible_is_text(struct span text)
{
    while (text.len > 0) {
        struct character c = decode(text);
        if (c.len == 0 || c.point == 0)
            return false;
        text = span_of(text.data + c.len, text.len - c.len);
    }
    return true;
}
