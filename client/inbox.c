/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inbox.c: the word `inbox`: what waits on the server, as a table. Nothing is removed. */
#include "words.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authenticate.h"
#include "page.h"
#include "say.h"
#include "when.h"

#include "base/banned.h"

#define TIME_WIDTH  16
#define BYTES_WIDTH 6
#define SHORT_ID    8

/* For people: how much room each column gets. */
struct layout {
    int from;
    int id;
    bool is_split; /* the sender on a row of its own */
};

/* For scripts: everything in full. */
static void print_whole(const struct answer_item *item)
{
    char when[WHEN_SIZE];
    struct visible_value sender = visible_value(item->sender);
    struct visible_value id = visible_value(item->id);
    when_text(when, item->time_stored);
    (void)printf("%-32s  %-25s  %10" PRIu64 "  %s\n", sender.text, when, item->bytes, id.text);
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

static void print_row(const struct layout *layout, const struct answer_item *item)
{
    char when[WHEN_SIZE], size[BYTES_WIDTH + 1];
    struct visible_value sender = visible_value(item->sender);
    struct visible_value id = visible_value(item->id);
    write_time(when, item->time_stored);
    write_size(size, item->bytes);
    if (layout->is_split)
        (void)printf("%s\n", sender.text);
    (void)printf("%-*s  %s  %*s  %.*s\n", layout->from, layout->is_split ? "" : sender.text, when,
                 BYTES_WIDTH, size, layout->id, id.text);
}

/* The id, then the sender's place in the row, give way to a narrow terminal; nothing of a name does. */
static struct layout choose_layout(size_t width, int longest)
{
    const int others = 2 + TIME_WIDTH + 2 + BYTES_WIDTH + 2;
    struct layout layout = {.from = longest, .id = FIELD_ID_LEN};
    int room = width < INT_MAX ? (int)width : INT_MAX;
    if (longest + others + FIELD_ID_LEN > room)
        layout.id = SHORT_ID;
    layout.is_split = longest + others + SHORT_ID > room;
    if (layout.is_split)
        layout.from = 0;
    return layout;
}

static enum err find_longest(struct span body, int *longest)
{
    struct answer_item item;
    enum err err;
    *longest = (int)strlen("FROM");
    while ((err = answer_take_item(&body, &item)) == ERR_OK) {
        if (item.sender.len < FIELD_USER_SIZE && (int)item.sender.len > *longest)
            *longest = (int)item.sender.len;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void print_head(const struct layout *layout, size_t width)
{
    if (width == 0)
        (void)printf("%-32s  %-25s  %10s  %s\n", "FROM", "STORED", "BYTES", "ID");
    else if (!layout->is_split)
        (void)printf("%-*s  %-*s  %*s  %s\n", layout->from, "FROM", TIME_WIDTH, "STORED",
                     BYTES_WIDTH, "SIZE", "ID");
}

static enum err print_items(struct span body)
{
    struct answer_item item;
    int longest;
    size_t width = page_width(STDOUT_FILENO);
    enum err err = find_longest(body, &longest);
    struct layout layout = choose_layout(width, longest);
    if (err != ERR_OK)
        return err;
    print_head(&layout, width);
    while (answer_take_item(&body, &item) == ERR_OK) {
        if (width == 0)
            print_whole(&item);
        else
            print_row(&layout, &item);
    }
    return ERR_OK;
}

enum status inbox_main(struct session *s, int argc, char *argv[])
{
    struct question question = {.verb = VERB_LIST};
    struct answer answer;
    (void)argc;
    (void)argv;
    enum status status = authenticate_session(s);
    if (status == STATUS_OK)
        status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK || answer_count(&answer, &s->unread) != ERR_OK)
        return say_nonsense("LIST");
    if (s->unread == 0) {
        say("no messages are waiting.");
        return STATUS_OK;
    }
    if (print_items(answer.body) != ERR_OK)
        return say_nonsense("LIST");
    if (s->unread > WIRE_LIST_MAX)
        say("these are the first %d of %" PRIu64 ".", WIRE_LIST_MAX, s->unread);
    return STATUS_OK;
}
