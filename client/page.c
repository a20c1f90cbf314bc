/* SPDX-License-Identifier: GPL-3.0-or-later */
/* page.c: breaks lines into rows, at a space where there is one. A row is never wider than the terminal,
 * which would break it at its own will, and go on in the first column. */
#include "page.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "visible.h"

#include "base/banned.h"

#define USUAL_WIDTH 80
/* The indentation, and a character of two columns. */
#define LEAST_WIDTH (PAGE_INDENT + 2)
#define TAB_WIDTH   8
/* Behind so many spaces stands what continues the line above, in help. */
#define HELP_INDENT 8

static const char turn[] = "\n  ";
#define TURN_LEN (sizeof(turn) - 1)

struct row {
    struct buf *out;
    size_t width;
    size_t column;
    size_t gap; /* where out goes on behind the last space; 0: there is none to break at */
    size_t gap_column;
};

size_t page_width(int fd)
{
    struct winsize size = {.ws_col = 0};
    if (isatty(fd) != 1)
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
}

/* What stands behind the gap moves to the new row. */
static enum err break_row(struct row *row)
{
    struct buf *out = row->out;
    size_t at = row->gap != 0 ? row->gap : out->len;
    size_t moved = out->len - at;
    enum err err = buf_append(out, turn, TURN_LEN);
    if (err != ERR_OK)
        return err;
    memmove(out->data + at + TURN_LEN, out->data + at, moved);
    memcpy(out->data + at, turn, TURN_LEN);
    row->column = PAGE_INDENT + (row->gap != 0 ? row->column - row->gap_column : 0);
    row->gap = 0;
    return ERR_OK;
}

static enum err put(struct row *row, struct span bytes, size_t columns)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && row->width > 0 && row->column > PAGE_INDENT &&
           row->column + columns > row->width)
        err = break_row(row);
    if (err == ERR_OK)
        err = buf_append_span(row->out, bytes);
    if (err != ERR_OK)
        return err;
    row->column += columns;
    if (row->column > PAGE_INDENT && bytes.data[0] == ' ') {
        row->gap = row->out->len;
        row->gap_column = row->column;
    }
    return ERR_OK;
}

/* ASCII, such as an escape, column by column: it may be broken anywhere. */
static enum err put_shown(struct row *row, const struct visible *shown)
{
    enum err err = ERR_OK;
    if ((unsigned char)shown->text[0] >= 0x80)
        return put(row, span_str(shown->text), shown->columns);
    for (const char *c = shown->text; err == ERR_OK && *c != '\0'; c++)
        err = put(row, span_of(c, 1), 1);
    return err;
}

static enum err put_tab(struct row *row, size_t *spaces)
{
    enum err err = ERR_OK;
    do {
        err = put(row, SPAN(" "), 1);
        ++*spaces;
    } while (err == ERR_OK && *spaces % TAB_WIDTH != 0);
    return err;
}

static enum err append_line(struct row *row, size_t indent, struct span line)
{
    struct visible_reader reader = {.rest = line};
    struct visible shown;
    enum err err = ERR_OK;
    size_t place = 0; /* within the line, however often it was broken */
    row->column = row->gap = 0;
    for (size_t i = 0; err == ERR_OK && line.len > 0 && i < indent; i++)
        err = put(row, SPAN(" "), 1);
    while (err == ERR_OK && reader.rest.len > 0) {
        if (reader.rest.data[0] == '\t') {
            reader =
                (struct visible_reader){.rest = span_of(reader.rest.data + 1, reader.rest.len - 1)};
            err = put_tab(row, &place);
        } else if (visible_next(&reader, &shown)) {
            err = put_shown(row, &shown);
            place += shown.columns;
        }
    }
    return err == ERR_OK ? buf_append_byte(row->out, '\n') : err;
}

enum err page_append(struct buf *out, size_t width, size_t indent, struct span lines)
{
    struct row row = {.out = out, .width = width};
    enum err err = ERR_OK;
    while (err == ERR_OK && lines.len > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.len);
        size_t len = end != NULL ? (size_t)(end - lines.data) : lines.len;
        size_t taken = end != NULL ? len + 1 : len;
        err = append_line(&row, indent, span_of(lines.data, len));
        lines = span_of(lines.data + taken, lines.len - taken);
    }
    return err;
}

/* Whether a line that ended before rest goes on with it. */
static bool goes_on(const struct buf *out, bool was_indented, struct span rest)
{
    size_t spaces = 0;
    uint8_t last = out->len > 0 ? out->data[out->len - 1] : '\n';
    while (spaces < rest.len && rest.data[spaces] == ' ')
        spaces++;
    if (spaces == rest.len || rest.data[spaces] == '\n')
        return false;
    return was_indented ? spaces >= HELP_INDENT : spaces == 0 && strchr("\n.:]", last) == NULL;
}

static enum err join(struct buf *out, struct span lines)
{
    bool is_indented = false;
    enum err err = ERR_OK;
    for (size_t at = 0; at < lines.len && err == ERR_OK; at++) {
        struct span rest = span_of(lines.data + at + 1, lines.len - at - 1);
        if (lines.data[at] != '\n') {
            bool is_first = out->len == 0 || out->data[out->len - 1] == '\n';
            is_indented = is_first ? lines.data[at] == ' ' : is_indented;
            err = buf_append_byte(out, lines.data[at]);
        } else if (goes_on(out, is_indented, rest)) {
            err = buf_append_byte(out, ' ');
            while (at + 1 < lines.len && lines.data[at + 1] == ' ')
                at++;
        } else {
            err = buf_append_byte(out, '\n');
        }
    }
    return err;
}

enum err page_append_help(struct buf *out, size_t width, struct span lines)
{
    struct buf joined = BUF_INIT(lines.len);
    if (width == 0 || width >= USUAL_WIDTH)
        return page_append(out, width, 0, lines);
    enum err err = join(&joined, lines);
    if (err == ERR_OK)
        err = page_append(out, width, 0, buf_span(&joined));
    buf_free(&joined);
    return err;
}
