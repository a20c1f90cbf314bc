/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.c: rows of messages. The id, then the name's place in the row, give way to a narrow terminal; nothing
 * of a name does. */
#include "table.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/field.h"
#include "page.h"
#include "visible.h"
#include "when.h"

#include "base/banned.h"

#define WAY_WIDTH   4
#define TIME_WIDTH  16
#define BYTES_WIDTH 6
#define SHORT_ID    8
#define NOTE_MAX    8192

/* For scripts: everything in full. */
static void print_whole(const struct table *table, const struct table_row *row)
{
    char when[WHEN_SIZE];
    struct visible_value name = visible_value(span_str(row->name));
    struct visible_value id = visible_value(span_str(row->id));
    when_text(when, row->time);
    if (table->has_way)
        (void)printf("%-*s  ", WAY_WIDTH, row->way);
    (void)printf("%-32s  %-25s  %10" PRIu64 "  %s", name.text, when, row->bytes, id.text);
    if (row->note != NULL) {
        struct visible_value note = visible_value(span_str(row->note));
        (void)printf("  %s", note.text);
    }
    (void)putchar('\n');
}

static void write_time(char text[static WHEN_SIZE], uint64_t seconds)
{
    struct tm when;
    time_t value = (time_t)seconds;
    if (localtime_r(&value, &when) == NULL ||
        strftime(text, WHEN_SIZE, "%Y-%m-%d %H:%M", &when) != TIME_WIDTH)
        (void)snprintf(text, WHEN_SIZE, "%-*s", TIME_WIDTH, "?");
}

/* At most BYTES_WIDTH columns. */
static void write_size(char text[static BYTES_WIDTH + 1], uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    uint64_t tenths = bytes < UINT64_MAX / 10 ? bytes * 10 : UINT64_MAX;
    size_t unit = 0;
    if (bytes < 1000) {
        (void)snprintf(text, BYTES_WIDTH + 1, "%u B", (unsigned)bytes);
        return;
    }
    for (tenths = (tenths + 512) / 1024; tenths >= 9995 && units[unit + 1] != '\0'; unit++)
        tenths = (tenths + 512) / 1024;
    if (tenths < 100)
        (void)snprintf(text, BYTES_WIDTH + 1, "%u.%u %cB", (unsigned)(tenths / 10),
                       (unsigned)(tenths % 10), units[unit]);
    else
        (void)snprintf(text, BYTES_WIDTH + 1, "%u %cB", (unsigned)((tenths + 5) / 10), units[unit]);
}

/* On rows of its own, below. */
static void print_note(size_t width, const char *note)
{
    struct buf rows = BUF_INIT(NOTE_MAX);
    if (page_append(&rows, width, PAGE_INDENT, span_str(note)) == ERR_OK)
        (void)fwrite(rows.data, 1, rows.len, stdout);
    buf_free(&rows);
}

static void print_row(const struct table *table, const struct table_row *row)
{
    char when[WHEN_SIZE], size[BYTES_WIDTH + 1];
    struct visible_value name = visible_value(span_str(row->name));
    struct visible_value id = visible_value(span_str(row->id));
    write_time(when, row->time);
    write_size(size, row->bytes);
    if (table->has_way)
        (void)printf("%-*s ", WAY_WIDTH, row->way);
    if (table->is_split)
        (void)printf("%s\n", name.text);
    (void)printf("%-*s  %s  %*s  %.*s\n", table->name, table->is_split ? "" : name.text, when,
                 BYTES_WIDTH, size, table->id, id.text);
    if (row->note != NULL)
        print_note(table->width, row->note);
}

static void choose_layout(struct table *table, int longest)
{
    const int others = 2 + TIME_WIDTH + 2 + BYTES_WIDTH + 2 + (table->has_way ? WAY_WIDTH + 1 : 0);
    int room = table->width < INT_MAX ? (int)table->width : INT_MAX;
    table->name = longest;
    table->id = longest + others + FIELD_ID_LEN > room ? SHORT_ID : FIELD_ID_LEN;
    table->is_split = longest + others + SHORT_ID > room;
    if (table->is_split)
        table->name = 0;
}

void table_begin(struct table *table, const struct table_head *head, size_t longest)
{
    size_t least = strlen(head->name);
    *table = (struct table){.width = page_width(STDOUT_FILENO), .has_way = head->way != NULL};
    longest = longest < FIELD_USER_SIZE ? longest : FIELD_USER_MAX;
    choose_layout(table, (int)(longest > least ? longest : least));
    if (table->is_split && table->width > 0)
        return;
    if (table->has_way)
        (void)printf("%-*s%s", WAY_WIDTH, head->way, table->width == 0 ? "  " : " ");
    if (table->width == 0)
        (void)printf("%-32s  %-25s  %10s  %s\n", head->name, head->time, "BYTES", "ID");
    else
        (void)printf("%-*s  %-*s  %*s  %s\n", table->name, head->name, TIME_WIDTH, head->time,
                     BYTES_WIDTH, "SIZE", "ID");
}

void table_print(const struct table *table, const struct table_row *row)
{
    if (table->width == 0)
        print_whole(table, row);
    else
        print_row(table, row);
}
