/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inbox.c: the word `inbox`: what waits on the server, as a table. Nothing is removed. */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>

#include "authenticate.h"
#include "say.h"
#include "when.h"

#include "base/banned.h"

static enum err print_items(struct span body)
{
    struct answer_item item;
    enum err err;
    (void)printf("%-32s  %-25s  %10s  %s\n", "FROM", "STORED", "BYTES", "ID");
    while ((err = answer_take_item(&body, &item)) == ERR_OK) {
        char when[WHEN_SIZE];
        struct visible_value sender = visible_value(item.sender);
        struct visible_value id = visible_value(item.id);
        when_text(when, item.time_stored);
        (void)printf("%-32s  %-25s  %10" PRIu64 "  %s\n", sender.text, when, item.bytes, id.text);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
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
