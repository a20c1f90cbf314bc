/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.c: one line for each account, or message and recipient. What can't be written is found when the program
 * ends. */
#include "result.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "say.h"

#include "base/banned.h"

enum status result_print_account(const struct session *s, const char *what)
{
    struct json json;
    if (!s->options.is_json)
        return STATUS_OK;
    json_begin(&json);
    json_add_string(&json, "user", s->user);
    if (s->ring.is_loaded)
        json_add_string(&json, "identity", s->ring.self.fingerprint);
    json_add_string(&json, "result", what);
    return json_print(&json);
}

static const char *name_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "sent";
    case STATUS_WAITING:
        return "waiting";
    case STATUS_UNKNOWN:
        return "unknown";
    default:
        return "refused";
    }
}

void result_print(const char *to, const char *id, enum status status)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "to", to);
    json_add_string(&json, "id", id);
    json_add_string(&json, "result", name_of(status));
    json_add_number(&json, "status", (uint64_t)status);
    if (json_print(&json) == STATUS_OK)
        (void)fflush(stdout);
}

void result_print_waiting(const struct outbox *outbox, const struct buf *numbers, size_t done,
                          enum status status)
{
    for (size_t at = done * sizeof(uint64_t); at < numbers->len; at += sizeof(uint64_t)) {
        struct outbox_item item;
        uint64_t number;
        memcpy(&number, numbers->data + at, sizeof(number));
        outbox_item_init(&item);
        if (outbox_load(outbox, number, &item) == ERR_OK)
            result_print(item.record.peer, item.record.id, status);
        outbox_item_free(&item);
    }
}

void result_say_waiting(const struct outbox_item *item, bool is_mine, bool is_over)
{
    const struct record *record = &item->record;
    if (!is_mine)
        say("That was an earlier message to %s, and it still waits in the outbox.", record->peer);
    else if (item->sealed > 0)
        say("The message to %s waits in the outbox: `%sflush` sends the very same again, which the "
            "server keeps once.",
            record->peer, say_command());
    else
        say("nothing was sent to %s; the message waits in the outbox. `%sflush` tries again.",
            record->peer, say_command());
    if (!is_over)
        say("`%soutbox --drop %.8s` gives it up.", say_command(), record->id);
}

void result_say_stuck(const struct outbox_item *item)
{
    say("It stays in the outbox, and what you write to %s later goes before it. `%soutbox --drop "
        "%.8s` gives it up.",
        item->record.peer, say_command(), item->record.id);
}

void result_say_away(size_t count)
{
    if (count == 1)
        say("The message waits in the outbox; `%sflush`, or the next message, sends it.",
            say_command());
    else if (count > 1)
        say("%zu messages wait in the outbox; `%sflush`, or the next message, sends them.", count,
            say_command());
}

void result_say_outbox(const struct session *s)
{
    struct outbox outbox = {.dir = -1, .account = -1};
    struct buf numbers = BUF_INIT(OUTBOX_MOST * sizeof(uint64_t));
    enum err err = outbox_open(&outbox, s->account.dir, s->ring.vault.archive);
    if (err == ERR_OK)
        err = outbox_list(&outbox, &numbers);
    size_t count = numbers.len / sizeof(uint64_t);
    if (err != ERR_OK)
        (void)say_failure(err, "can't look into the outbox");
    else if (count > 0)
        say("%zu message%s in the outbox; `%sflush`, or the next message, sends %s.", count,
            count == 1 ? " waits" : "s wait", say_command(), count == 1 ? "it" : "them");
    buf_free(&numbers);
    outbox_close(&outbox);
}
