/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prove.c: the word `prove`: a message of the archive as a proof for others (protocol 3.5). It has the message's
 * own key in it, and no other. */
#include "words.h"

#include <stdio.h>

#include "crypto/proof.h"
#include "given.h"
#include "recall.h"
#include "save.h"
#include "say.h"

#include "base/banned.h"

/* Opened once more for its key, which nothing keeps. */
static enum err make(const struct session *s, const struct recalled *recalled, struct buf *proof)
{
    struct identity from;
    struct envelope envelope;
    struct content content = {.plain = BUF_INIT(0)};
    uint8_t message_key[32];
    struct span text = buf_span(&recalled->received.body);
    enum err err = identity_parse(&from, buf_span(&recalled->identity));
    if (err == ERR_OK)
        err = envelope_parse(&envelope, text);
    if (err != ERR_OK)
        return err;
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = &from,
                                     .id = span_str(recalled->record.id)};
    if (envelope_open(&content, message_key, &envelope, &reader) != FAULT_NONE)
        err = ERR_INTERNAL;
    if (err == ERR_OK)
        err = proof_make(proof, message_key, buf_span(&recalled->identity), text);
    bytes_wipe(message_key, sizeof(message_key));
    content_free(&content);
    return err;
}

static enum status prove(const struct session *s, const struct recalled *recalled)
{
    char name[FIELD_ID_SIZE + sizeof(".proof")];
    struct buf proof = BUF_INIT(GIVEN_MAX);
    enum err err = make(s, recalled, &proof);
    (void)snprintf(name, sizeof(name), "%s.proof", recalled->record.id);
    struct saving saving = {.output = s->options.output,
                            .name = name,
                            .id = recalled->record.id,
                            .data = buf_span(&proof),
                            .is_archived = true};
    enum status status = err == ERR_OK ? save_or_print(&saving, "can't write the proof")
                                       : say_failure(err, "can't make the proof");
    buf_free(&proof);
    if (status != STATUS_OK)
        return status;
    say("whoever has this proof can read the message, and see that %s wrote it: `secmsg verify "
        "FILE`.",
        recalled->record.peer);
    return STATUS_OK;
}

static enum status say_unprovable(const struct recalled *recalled)
{
    if (recalled->record.kind == RECORD_SENT)
        say("message %s is one that you sent: only %s, who received it, can prove it.",
            recalled->record.id, recalled->record.peer);
    else
        say("message %s is unsigned: there is nothing in it that shows who wrote it.",
            recalled->record.id);
    return STATUS_DATA;
}

enum status prove_main(struct session *s, int argc, char *argv[])
{
    struct recalled recalled;
    if (argc < 2) {
        say("prove what? Type: %sprove ID -o FILE; `%shistory` lists ids.", say_command(),
            say_command());
        return STATUS_USAGE;
    }
    enum status status = recall_message(s, argv[1], &recalled);
    if (status == STATUS_OK && recalled.record.kind != RECORD_RECEIVED)
        status = say_unprovable(&recalled);
    else if (status == STATUS_OK)
        status = prove(s, &recalled);
    recall_free(&recalled);
    return status;
}
