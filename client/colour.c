/* SPDX-License-Identifier: GPL-3.0-or-later */
/* colour.c: wraps whole rows of ours in escape sequences; what is in them was made visible before. */
#include "colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

bool colour_is_wanted(int fd)
{
    const char *none = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (none != NULL && none[0] != '\0')
        return false;
    return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0 && isatty(fd) == 1;
}

static bool begins_with(struct span row, const char *text)
{
    size_t len = strlen(text);
    return row.len >= len && memcmp(row.data, text, len) == 0;
}

static const char *find_start(struct span row)
{
    if (begins_with(row, "From: ") || begins_with(row, "To:   "))
        return "\x1b[1m";
    return begins_with(row, "  !   ") ? "\x1b[1;31m" : NULL;
}

enum err colour_append_head(struct buf *out, struct span rows)
{
    enum err err = ERR_OK;
    while (rows.len > 0 && err == ERR_OK) {
        const uint8_t *end = memchr(rows.data, '\n', rows.len);
        size_t len = end != NULL ? (size_t)(end - rows.data) : rows.len;
        const char *start = find_start(span_of(rows.data, len));
        if (start != NULL)
            err = buf_append_str(out, start);
        if (err == ERR_OK)
            err = buf_append(out, rows.data, len);
        if (err == ERR_OK && start != NULL)
            err = buf_append_str(out, "\x1b[0m");
        if (err == ERR_OK && end != NULL)
            err = buf_append_byte(out, '\n');
        rows = span_of(rows.data + len + (end != NULL), rows.len - len - (end != NULL));
    }
    return err;
}
