/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.c: one line for each message and recipient. What can't be written is found when the program ends. */
#include "result.h"

#include "json.h"
#include "say.h"

#include "base/banned.h"

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
    if (json_print(&json) != STATUS_OK)
        return;
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

void result_say_away(size_t count)
{
    if (count == 1)
        say("The message waits in the outbox; `%sflush`, or the next message, sends it.",
            say_command());
    else if (count > 1)
        say("%zu messages wait in the outbox; `%sflush`, or the next message, sends them.", count,
            say_command());
}
