/* SPDX-License-Identifier: GPL-3.0-or-later */
/* visible.c: makes text safe for a terminal. Every character is either known to be harmless and copied
 * as it is, or written out in printable ASCII; nothing is dropped. */
#include "visible.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "crypto/field.h"

#include "base/banned.h"

#define NON_JOINER 0x200c
#define JOINER     0x200d
#define EMOJI_FORM 0xfe0f /* variation selector 16 */

/* Controls, line and paragraph separators, and what has no glyph of its own: Default_Ignorable_Code_Point
 * in DerivedCoreProperties.txt of Unicode 15.0, and General_Category=Cf but for the characters of
 * Prepended_Concatenation_Mark, which are seen. In order. */
static const struct {
    uint32_t first, last;
} risky_ranges[] = {
    {0x0000, 0x001f},   /* C0 */
    {0x007f, 0x009f},   /* DEL, C1 */
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x034f, 0x034f},   /* combining grapheme joiner */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180b, 0x180f},   /* Mongolian variation selectors, vowel separator */
    {0x200b, 0x200f},   /* zero width space, joiners, directional marks */
    {0x2028, 0x202e},   /* line and paragraph separator; embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, invisible operators, isolates, deprecated controls */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfe00, 0xfe0f},   /* variation selectors */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* halfwidth Hangul filler */
    {0xfff0, 0xfffb},   /* unassigned; interlinear annotation */
    {0x13430, 0x1343f}, /* Egyptian hieroglyph format controls */
    {0x1bca0, 0x1bca3}, /* shorthand format controls */
    {0x1d173, 0x1d17a}, /* musical beams, ties, slurs and phrases */
    {0xe0000, 0xe0fff}, /* tags, more variation selectors, unassigned */
};

static bool is_ascii_wanted = false;

void visible_want_ascii(bool is_wanted)
{
    is_ascii_wanted = is_wanted;
}

bool visible_wants_ascii(void)
{
    return is_ascii_wanted;
}

static bool is_risky(uint32_t point)
{
    for (size_t i = 0; i < sizeof(risky_ranges) / sizeof(risky_ranges[0]); i++) {
        if (point <= risky_ranges[i].last)
            return point >= risky_ranges[i].first;
    }
    return false;
}

static bool is_joiner(uint32_t point)
{
    return point == JOINER || point == NON_JOINER;
}

/* Joiners between two characters beyond ASCII, for scripts and emoji that need them, and the emoji form
 * after a character that is seen. Never two in a row: that would be hidden text. */
static bool is_in_place(uint32_t point, uint32_t before, struct span after)
{
    uint32_t next = 0;
    if (point == EMOJI_FORM)
        return before > ' ' && before != EMOJI_FORM && !is_joiner(before);
    if (!is_joiner(point) || before <= 0x7f || is_joiner(before) || after.len == 0)
        return false;
    return field_take_character(after, &next) > 0 && next > 0x7f && !is_risky(next);
}

/* Terminals differ in what takes no room, so that everything counts for a column at least: a row that
 * ends early does no harm. */
static size_t count_columns(uint32_t point)
{
    int columns = wcwidth((wchar_t)point);
    return columns < 0 ? 2 : columns == 0 ? 1 : (size_t)columns;
}

bool visible_next(struct visible_reader *reader, struct visible *shown)
{
    struct span rest = reader->rest;
    uint32_t point = 0;
    if (rest.len == 0)
        return false;
    size_t taken = field_take_character(rest, &point);
    bool is_valid = taken > 0;
    if (!is_valid) {
        point = rest.data[0];
        taken = 1;
    }
    reader->rest = span_of(rest.data + taken, rest.len - taken);
    bool stays = is_valid && (point < 0x80 || !is_ascii_wanted) &&
                 (!is_risky(point) || is_in_place(point, reader->before, reader->rest));
    reader->before = stays ? point : 0;
    if (stays) {
        memcpy(shown->text, rest.data, taken);
        shown->text[taken] = '\0';
        shown->columns = count_columns(point);
        return true;
    }
    bool is_byte = !is_valid || point < 0x80;
    (void)snprintf(shown->text, sizeof(shown->text), is_byte ? "\\x%02x" : "<U+%04X>",
                   (unsigned)point);
    shown->columns = strlen(shown->text);
    return true;
}

enum err visible_append(struct buf *out, struct span text)
{
    size_t before = out->len;
    struct visible_reader reader = {.rest = text};
    struct visible shown;
    while (visible_next(&reader, &shown)) {
        enum err err = buf_append_str(out, shown.text);
        if (err != ERR_OK) {
            buf_truncate(out, before);
            return err;
        }
    }
    return ERR_OK;
}

struct visible_value visible_value(struct span text)
{
    struct visible_value value = {.text = ""};
    struct visible_reader reader = {.rest = text};
    struct visible shown;
    size_t used = 0;
    while (visible_next(&reader, &shown)) {
        size_t len = strlen(shown.text);
        if (used + len + sizeof("...") > sizeof(value.text)) {
            memcpy(value.text + used, "...", sizeof("..."));
            return value;
        }
        memcpy(value.text + used, shown.text, len + 1);
        used += len;
    }
    return value;
}

bool visible_is_text(struct span text)
{
    return field_is_utf8(text) && (text.len == 0 || memchr(text.data, 0, text.len) == NULL);
}
