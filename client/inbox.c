/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inbox.c: the word `inbox`: what waits on the server, as a table. Nothing is removed. */
#include "words.h"

#include <inttypes.h>

#include "authenticate.h"
#include "json.h"
#include "say.h"
#include "table.h"

#include "base/banned.h"

/* What an id or a name is at most, and more than that from a server that doesn't keep to it. */
#define VALUE_SIZE 256

static enum err find_longest(struct span body, size_t *longest)
{
    struct answer_item item;
    enum err err;
    *longest = 0;
    while ((err = answer_take_item(&body, &item)) == ERR_OK) {
        if (item.sender.len <= FIELD_USER_MAX && item.sender.len > *longest)
            *longest = item.sender.len;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum status print_json(struct span body)
{
    struct answer_item item;
    enum status status = STATUS_OK;
    enum err err = ERR_OK;
    while (status == STATUS_OK && (err = answer_take_item(&body, &item)) == ERR_OK) {
        struct json json;
        json_begin(&json);
        json_add_text(&json, "id", item.id);
        json_add_text(&json, "from", item.sender);
        json_add_number(&json, "stored", item.time_stored);
        json_add_number(&json, "bytes", item.bytes);
        status = json_print(&json);
    }
    return status == STATUS_OK && err != ERR_NOT_FOUND ? say_nonsense("LIST") : status;
}

static enum status print_items(struct span body)
{
    static const struct table_head head = {.name = "FROM", .time = "STORED"};
    struct answer_item item;
    struct table table;
    size_t longest;
    if (find_longest(body, &longest) != ERR_OK)
        return say_nonsense("LIST");
    table_begin(&table, &head, longest);
    while (answer_take_item(&body, &item) == ERR_OK) {
        char sender[VALUE_SIZE], id[VALUE_SIZE];
        struct table_row row = {.name = sender,
                                .time = item.time_stored,
                                .bytes = item.bytes,
                                .id = id};
        if (!span_to_text(item.sender, sender, sizeof(sender)) ||
            !span_to_text(item.id, id, sizeof(id)))
            return say_nonsense("LIST");
        table_print(&table, &row);
    }
    return STATUS_OK;
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
    status = s->options.is_json ? print_json(answer.body) : print_items(answer.body);
    if (status == STATUS_OK && s->unread > WIRE_LIST_MAX)
        say("these are the first %d of %" PRIu64 ".", WIRE_LIST_MAX, s->unread);
    return status;
}
