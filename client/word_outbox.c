/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word_outbox.c: the word `outbox`: what waits to be sent, and --drop to give one up. */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authenticate.h"
#include "json.h"
#include "outbox.h"
#include "say.h"
#include "table.h"

#include "base/banned.h"

#define NUMBERS_MAX (OUTBOX_MOST * sizeof(uint64_t))
#define NOTE_SIZE   (FIELD_NAME_MAX + OUTBOX_REASON_SIZE + 8)

/* What is done with each item; false ends it. */
typedef bool visit(void *context, const struct outbox_item *item);

static enum status say_unreadable(const struct session *s, enum err err, uint64_t number)
{
    struct visible_value dir = visible_value(span_str(s->account.path));
    enum status status = say_failure(err, "a message in the outbox can't be opened");
    say("It is %s/outbox/%012" PRIu64 ": damaged, or sealed under other keys. Remove the file to "
        "give it up.",
        dir.text, number);
    return err == ERR_FORGED ? STATUS_CONFIG : status;
}

/* The status is that of the last item that can't be opened. */
static enum status for_each(const struct session *s, const struct outbox *outbox, visit *visitor,
                            void *context)
{
    struct buf numbers = BUF_INIT(NUMBERS_MAX);
    enum err err = outbox_list(outbox, &numbers);
    enum status status = err == ERR_OK ? STATUS_OK : say_failure(err, "can't look into the outbox");
    bool goes_on = err == ERR_OK;
    for (size_t at = 0; goes_on && at < numbers.len; at += sizeof(uint64_t)) {
        struct outbox_item item;
        uint64_t number;
        memcpy(&number, numbers.data + at, sizeof(number));
        outbox_item_init(&item);
        err = outbox_load(outbox, number, &item);
        if (err == ERR_OK)
            goes_on = visitor(context, &item);
        else if (err != ERR_NOT_FOUND)
            status = say_unreadable(s, err, number);
        outbox_item_free(&item);
    }
    buf_free(&numbers);
    return status;
}

struct listing {
    struct table table;
    size_t count;
    bool is_json;
};

static bool print_json(const struct outbox_item *item)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "id", item->record.id);
    json_add_string(&json, "to", item->record.peer);
    json_add_number(&json, "time", item->record.time);
    json_add_number(&json, "bytes", item->record.size);
    json_add_string(&json, "type", item->record.type);
    if (item->record.name[0] != '\0')
        json_add_string(&json, "name", item->record.name);
    json_add_truth(&json, "may_be_sent", item->sealed > 0);
    if (item->reason[0] != '\0')
        json_add_string(&json, "reason", item->reason);
    return json_print(&json) == STATUS_OK;
}

static bool print(void *context, const struct outbox_item *item)
{
    static const struct table_head head = {.name = "TO", .time = "WRITTEN"};
    struct listing *listing = context;
    const struct record *record = &item->record;
    char note[NOTE_SIZE];
    bool is_named = record->name[0] != '\0';
    const char *reason = item->reason[0] != '\0' ? item->reason
                         : item->sealed > 0      ? "no answer came"
                                                 : "not sent yet";
    struct table_row row = {.name = record->peer,
                            .time = record->time,
                            .bytes = record->size,
                            .id = record->id,
                            .note = note};
    (void)snprintf(note, sizeof(note), "%s%s%s", is_named ? record->name : "", is_named ? ": " : "",
                   reason);
    if (listing->is_json) {
        listing->count++;
        return print_json(item);
    }
    if (listing->count++ == 0)
        table_begin(&listing->table, &head, FIELD_USER_MAX / 2);
    table_print(&listing->table, &row);
    return true;
}

static enum status list(const struct session *s, const struct outbox *outbox)
{
    struct listing listing = {.is_json = s->options.is_json};
    enum status status = for_each(s, outbox, print, &listing);
    if (status == STATUS_OK && listing.count == 0)
        say("nothing waits in the outbox.");
    else if (listing.count > 0 && !listing.is_json)
        say("`%sflush` sends what waits, `%soutbox --drop ID` gives one up.", say_command(),
            say_command());
    return status;
}

struct drop {
    const char *prefix;
    size_t count; /* of items whose ids begin so */
    uint64_t number;
    bool was_sealed;
    char id[FIELD_ID_SIZE];
    char to[FIELD_USER_SIZE];
};

static bool match(void *context, const struct outbox_item *item)
{
    struct drop *drop = context;
    if (strncmp(item->record.id, drop->prefix, strlen(drop->prefix)) != 0)
        return true;
    drop->count++;
    drop->number = item->number;
    drop->was_sealed = item->sealed > 0;
    memcpy(drop->id, item->record.id, sizeof(drop->id));
    memcpy(drop->to, item->record.peer, sizeof(drop->to));
    return true;
}

static enum status print_dropped(const struct drop *drop)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "id", drop->id);
    json_add_string(&json, "to", drop->to);
    json_add_truth(&json, "may_be_sent", drop->was_sealed);
    json_add_string(&json, "result", "dropped");
    return json_print(&json);
}

static enum status drop_found(const struct session *s, const struct outbox *outbox,
                              const struct drop *drop)
{
    if (drop->count != 1) {
        say(drop->count == 0 ? "no message in the outbox begins with %s."
                             : "several messages in the outbox begin with %s. Type more of it.",
            drop->prefix);
        return drop->count == 0 ? STATUS_NO_INPUT : STATUS_USAGE;
    }
    enum err err = outbox_remove(outbox, drop->number);
    if (err != ERR_OK)
        return say_failure(err, "can't remove it from the outbox");
    say("dropped the message to %s: %s.", drop->to, drop->id);
    if (drop->was_sealed)
        say("It isn't known whether it was sent before.");
    return s->options.is_json ? print_dropped(drop) : STATUS_OK;
}

/* Not while it is being sent. */
static enum status drop_locked(const struct session *s, const struct outbox *outbox,
                               const char *prefix)
{
    struct drop drop = {.prefix = prefix};
    int lock = -1;
    enum err err = home_lock(outbox->account, HOME_SEND_LOCK, HOME_LOCK_MS, &lock);
    if (err != ERR_OK)
        return say_failure(err, "can't drop it now");
    enum status status = for_each(s, outbox, match, &drop);
    if (status == STATUS_OK || drop.count == 1)
        status = drop_found(s, outbox, &drop);
    home_unlock(lock);
    return status;
}

enum status word_outbox_main(struct session *s, int argc, char *argv[])
{
    struct outbox outbox;
    (void)argc;
    (void)argv;
    const char *prefix = s->options.drop;
    if (prefix != NULL && !record_is_prefix(prefix)) {
        struct visible_value shown = visible_value(span_str(prefix));
        say("\"%s\" can't be a message's id: that is 32 of 0-9 a-f, and its first %d or more are "
            "enough.",
            shown.text, RECORD_PREFIX_LEAST);
        return STATUS_USAGE;
    }
    enum status status = authenticate_keys(s, false);
    if (status != STATUS_OK)
        return status;
    enum err err = outbox_open(&outbox, s->account.dir, s->ring.vault.archive);
    if (err != ERR_OK)
        status = say_failure(err, "can't open the outbox");
    else
        status = prefix != NULL ? drop_locked(s, &outbox, prefix) : list(s, &outbox);
    outbox_close(&outbox);
    return status;
}
