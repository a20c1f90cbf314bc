/* SPDX-License-Identifier: GPL-3.0-or-later */
/* history.c: the word `history`: what the archive holds, oldest first. No message's text is read for it. */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "recall.h"
#include "say.h"
#include "table.h"

#include "base/banned.h"

/* Which entries are wanted, and what is known of them before the first is printed. */
struct wanted {
    const char *user; /* NULL for all */
    uint64_t count;
    size_t longest;
    bool is_json;
};

static bool is_wanted(const struct wanted *wanted, const struct record *record)
{
    return wanted->user == NULL || strcmp(wanted->user, record->peer) == 0;
}

static enum err count(struct archive *archive, struct wanted *wanted)
{
    struct archive_entry entry;
    enum err err;
    archive_rewind(archive, "");
    while ((err = archive_next(archive, &entry)) == ERR_OK) {
        size_t len = strlen(entry.record.peer);
        if (!is_wanted(wanted, &entry.record))
            continue;
        wanted->count++;
        wanted->longest = len > wanted->longest ? len : wanted->longest;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void print(const struct table *table, const struct record *record)
{
    struct table_row row = {.way = record->kind == RECORD_SENT ? "to" : "from",
                            .name = record->peer,
                            .time = record->time,
                            .bytes = record->size,
                            .id = record->id,
                            .note = record->name[0] != '\0' ? record->name : NULL};
    if (row.note == NULL && !record_is_text(record))
        row.note = record->type;
    if (record->kind == RECORD_UNSIGNED)
        row.note = "UNSIGNED";
    table_print(table, &row);
}

static enum status print_json(const struct record *record)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "id", record->id);
    json_add_string(&json, record->kind == RECORD_SENT ? "to" : "from", record->peer);
    json_add_truth(&json, "signed", record->kind != RECORD_UNSIGNED);
    json_add_number(&json, "time", record->time);
    if (record->stored > 0)
        json_add_number(&json, "stored", record->stored);
    json_add_number(&json, "bytes", record->size);
    json_add_string(&json, "type", record->type);
    if (record->name[0] != '\0')
        json_add_string(&json, "name", record->name);
    return json_print(&json);
}

/* The last `most`, or all for 0. */
static enum err list(struct archive *archive, struct wanted *wanted, uint64_t most)
{
    static const struct table_head head = {.way = "", .name = "WHO", .time = "WRITTEN"};
    struct archive_entry entry;
    struct table table;
    uint64_t at = 0;
    enum err err = count(archive, wanted);
    if (err != ERR_OK || wanted->count == 0)
        return err;
    uint64_t first = most > 0 && most < wanted->count ? wanted->count - most : 0;
    if (!wanted->is_json)
        table_begin(&table, &head, wanted->longest);
    archive_rewind(archive, "");
    /* What another client adds meanwhile is passed over. */
    while (err == ERR_OK && at < wanted->count && (err = archive_next(archive, &entry)) == ERR_OK) {
        if (!is_wanted(wanted, &entry.record) || at++ < first)
            continue;
        if (!wanted->is_json)
            print(&table, &entry.record);
        else if (print_json(&entry.record) != STATUS_OK)
            err = ERR_IO;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum status history_main(struct session *s, int argc, char *argv[])
{
    char user[FIELD_USER_SIZE];
    struct archive archive;
    struct wanted wanted = {.user = argc > 1 ? user : NULL, .is_json = s->options.is_json};
    enum status status = argc > 1 ? session_take_name(user, argv[1]) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    status = recall_open_archive(s, &archive);
    if (status == STATUS_OK) {
        enum err err = list(&archive, &wanted, s->options.count);
        status = err == ERR_OK ? recall_say_unreadable(s, &archive)
                               : say_failure(err, "can't read the archive");
    }
    if (status == STATUS_OK && wanted.count == 0)
        say("there are no messages%s%s in the archive yet.", argc > 1 ? " from or to " : "",
            argc > 1 ? user : "");
    archive_close(&archive);
    return status;
}
