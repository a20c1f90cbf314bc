/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recall.c: messages from the archive. What was received is checked again, with the identity that was pinned
 * when it came: a file that somebody changed shows nothing false. */
#include "recall.h"

#include <inttypes.h>
#include <string.h>

#include "authenticate.h"
#include "base/base64.h"
#include "say.h"

#include "base/banned.h"

void recall_free(struct recalled *recalled)
{
    received_free(&recalled->received);
    inspect_free(&recalled->inspected);
    buf_free(&recalled->identity);
}

enum status recall_open_archive(struct session *s, struct archive *archive)
{
    *archive = (struct archive){.fd = -1};
    enum status status = authenticate_keys(s, false);
    if (status != STATUS_OK)
        return status;
    enum err err = archive_open(archive, s->account.dir, s->ring.vault.archive);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't open the archive");
}

enum status recall_say_unreadable(const struct session *s, const struct archive *archive)
{
    struct visible_value dir = visible_value(span_str(s->account.path));
    if (archive->unreadable == 0)
        return STATUS_OK;
    say("%" PRIu64 " message%s in %s/archive can't be read: damaged, or sealed under other keys.",
        archive->unreadable, archive->unreadable == 1 ? "" : "s", dir.text);
    return STATUS_CONFIG;
}

/* Which of several messages of one id is meant. */
static int rank(enum record_kind kind)
{
    return kind == RECORD_RECEIVED ? 2 : kind == RECORD_SENT;
}

static enum status say_ambiguous(const char *id, const char *one, const char *other)
{
    say("several messages begin with %s: %s, %s. Type more of it.", id, one, other);
    return STATUS_USAGE;
}

/* A sender chooses the id, and may have taken that of a message of somebody else's. */
static enum status say_several(const struct archive_entry *found, const char *other, bool is_answer)
{
    say("message %s is one of %s's, and there is one of %s's with the very same id.%s",
        found->record.id, found->record.peer, other,
        is_answer ? " Nothing was sent: name the user to write to." : "");
    return is_answer ? STATUS_USAGE : STATUS_OK;
}

/* `is_answer`: it must be of one user alone. */
static enum status find(struct session *s, struct archive *archive, const char *id,
                        struct archive_entry *found, bool is_answer)
{
    struct archive_entry entry;
    char other[FIELD_USER_SIZE] = "";
    bool is_found = false;
    enum err err;
    archive_rewind(archive, id);
    while ((err = archive_next(archive, &entry)) == ERR_OK) {
        if (is_found && strcmp(found->record.id, entry.record.id) != 0)
            return say_ambiguous(id, found->record.id, entry.record.id);
        bool is_better = !is_found || rank(entry.record.kind) > rank(found->record.kind);
        if (is_found && strcmp(found->record.peer, entry.record.peer) != 0)
            memcpy(other, is_better ? found->record.peer : entry.record.peer, sizeof(other));
        if (is_better)
            *found = entry;
        is_found = true;
    }
    if (err != ERR_NOT_FOUND)
        return say_failure(err, "can't read the archive");
    if (is_found)
        return other[0] != '\0' ? say_several(found, other, is_answer) : STATUS_OK;
    say("there is no message %s in the archive. `%shistory` lists what there is.", id,
        say_command());
    (void)recall_say_unreadable(s, archive);
    return STATUS_NO_INPUT;
}

static enum status check_id(const char *id, char folded[static FIELD_ID_SIZE])
{
    size_t len = strlen(id);
    for (size_t i = 0; i <= len && i < FIELD_ID_SIZE; i++)
        folded[i] = id[i] >= 'A' && id[i] <= 'F' ? (char)(id[i] - 'A' + 'a') : id[i];
    if (len < FIELD_ID_SIZE && record_is_prefix(folded))
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(id));
    say("\"%s\" can't be a message's id: that is 32 of 0-9 a-f, and its first %d or more are "
        "enough.",
        shown.text, RECORD_PREFIX_LEAST);
    return STATUS_USAGE;
}

/* Takes the sender's identity off the front of a body. */
static enum err take_identity(struct recalled *recalled, struct span *body,
                              struct identity *identity)
{
    struct span text;
    enum err err = field_take_line(body, "identity", &text);
    recalled->identity = BUF_INIT(IDENTITY_MAX);
    if (err == ERR_OK)
        err = base64url_decode(&recalled->identity, text);
    if (err == ERR_OK)
        err = identity_parse(identity, buf_span(&recalled->identity));
    return err == ERR_NO_MEMORY || err == ERR_OK ? err : ERR_DAMAGED;
}

static enum err open_received(const struct session *s, struct recalled *recalled, struct span body)
{
    struct identity from;
    struct envelope envelope;
    uint8_t message_key[32];
    enum err err = take_identity(recalled, &body, &from);
    if (err == ERR_OK)
        err = buf_append_span(&recalled->received.body, body);
    if (err == ERR_OK && envelope_parse(&envelope, buf_span(&recalled->received.body)) != ERR_OK)
        err = ERR_DAMAGED;
    if (err != ERR_OK)
        return err;
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = &from,
                                     .id = span_str(recalled->record.id)};
    enum fault fault = envelope_open(&recalled->inspected.content, message_key, &envelope, &reader);
    bytes_wipe(message_key, sizeof(message_key));
    recalled->inspected.verdict = VERDICT_GOOD;
    recalled->inspected.time = envelope.time;
    memcpy(recalled->inspected.fingerprint, from.fingerprint, FINGERPRINT_SIZE);
    if (fault == FAULT_INTERNAL)
        return ERR_INTERNAL;
    return fault == FAULT_NONE ? ERR_OK : ERR_DAMAGED;
}

static enum err open_sent(struct recalled *recalled, struct span body)
{
    struct content *content = &recalled->inspected.content;
    memcpy(content->type, recalled->record.type, sizeof(content->type));
    memcpy(content->name, recalled->record.name, sizeof(content->name));
    enum err err = buf_append_span(&recalled->received.body, body);
    content->data = buf_span(&recalled->received.body);
    recalled->inspected.verdict = VERDICT_GOOD;
    recalled->inspected.time = recalled->record.time;
    return err;
}

static enum err open_body(const struct session *s, struct recalled *recalled, struct span body)
{
    struct received *received = &recalled->received;
    memcpy(received->id, recalled->record.id, FIELD_ID_SIZE);
    memcpy(received->sender, recalled->record.peer, FIELD_USER_SIZE);
    received->time_stored = recalled->record.stored;
    received->is_signed = recalled->record.kind != RECORD_UNSIGNED;
    if (recalled->record.kind == RECORD_RECEIVED)
        return open_received(s, recalled, body);
    if (recalled->record.kind == RECORD_SENT)
        return open_sent(recalled, body);
    recalled->inspected.verdict = VERDICT_UNSIGNED;
    return buf_append_span(&received->body, body);
}

static enum status find_in(struct session *s, const char *id, struct archive *archive,
                           struct archive_entry *entry, bool is_answer)
{
    char folded[FIELD_ID_SIZE];
    *archive = (struct archive){.fd = -1};
    enum status status = check_id(id, folded);
    if (status == STATUS_OK)
        status = recall_open_archive(s, archive);
    return status == STATUS_OK ? find(s, archive, folded, entry, is_answer) : status;
}

enum status recall_message(struct session *s, const char *id, struct recalled *recalled)
{
    struct archive archive;
    struct archive_entry entry;
    struct buf body = BUF_INIT(2 * CONNECTION_LINE_MAX);
    *recalled = (struct recalled){.received = {.body = BUF_INIT(CONNECTION_LINE_MAX)}};
    enum status status = find_in(s, id, &archive, &entry, false);
    if (status == STATUS_OK) {
        recalled->record = entry.record;
        enum err err = archive_read(&archive, &entry, &body);
        if (err == ERR_OK)
            err = open_body(s, recalled, buf_span(&body));
        if (err != ERR_OK)
            status = say_failure(err, "can't read that message in the archive");
    }
    archive_close(&archive);
    buf_free(&body);
    return status;
}

enum status recall_peer(struct session *s, const char *id, char peer[static FIELD_USER_SIZE])
{
    struct archive archive;
    struct archive_entry entry;
    enum status status = find_in(s, id, &archive, &entry, true);
    if (status == STATUS_OK)
        memcpy(peer, entry.record.peer, FIELD_USER_SIZE);
    archive_close(&archive);
    return status;
}
