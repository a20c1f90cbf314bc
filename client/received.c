/* SPDX-License-Identifier: GPL-3.0-or-later */
/* received.c: READ and ACK. Nothing here judges what a message says. */
#include "received.h"

#include <inttypes.h>
#include <stdio.h>

#include "say.h"

#include "base/banned.h"

#define NUMBER_SIZE 24

void received_free(struct received *received)
{
    buf_free(&received->body);
}

static enum err take_message(struct received *received, const struct answer *answer)
{
    if (!field_is_id(answer->id) || !field_is_user(answer->sender) || !answer->has_body ||
        !span_to_text(answer->id, received->id, sizeof(received->id)) ||
        !span_to_text(answer->sender, received->sender, sizeof(received->sender)))
        return ERR_MALFORMED;
    received->time_stored = answer->time_stored;
    received->is_signed = answer->is_signed;
    received->left = answer->left;
    return buf_append_span(&received->body, answer->body);
}

enum status received_next(struct session *s, struct received *received, bool *is_empty)
{
    struct question question = {.verb = VERB_READ};
    struct answer answer;
    *received = (struct received){.body = BUF_INIT(CONNECTION_LINE_MAX)};
    *is_empty = false;
    enum status status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    *is_empty = answer.kind == ANSWER_EMPTY;
    if (*is_empty)
        return STATUS_OK;
    if (answer.kind != ANSWER_MESSAGE)
        return say_nonsense("READ");
    enum err err = take_message(received, &answer);
    if (err == ERR_MALFORMED)
        return say_nonsense("READ");
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't take the message");
}

enum status received_wait(struct session *s, uint64_t seconds, uint64_t *count)
{
    char number[NUMBER_SIZE];
    struct answer answer;
    (void)snprintf(number, sizeof(number), "%" PRIu64, seconds);
    struct question question = {.verb = VERB_WAIT, .fields = {span_str(number)}, .n = 1};
    uint64_t step_ms = s->connection.step_ms;
    s->connection.step_ms = step_ms + seconds * 1000;
    enum status status = session_ask(s, &question, &answer);
    s->connection.step_ms = step_ms;
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK || answer_count(&answer, count) != ERR_OK)
        return say_nonsense("WAIT");
    return STATUS_OK;
}

enum status received_acknowledge(struct session *s, const struct received *received)
{
    char line[FIELD_ID_SIZE];
    struct answer answer;
    for (size_t i = 0; i < FIELD_ID_LEN; i++)
        line[i] = received->id[i];
    line[FIELD_ID_LEN] = '\n';
    struct span body = span_of(line, sizeof(line));
    struct question question = {.verb = VERB_ACK, .body = &body};
    enum status status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK || answer_count(&answer, &s->unread) != ERR_OK)
        return say_nonsense("ACK");
    return STATUS_OK;
}
