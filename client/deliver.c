/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver.c: one message's way to the server. An envelope is noted before it goes out, and repeated as it is
 * until there is an answer, so that no lost answer doubles a message. */
#include "deliver.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "authenticate.h"
#include "base/clock.h"
#include "crypto/envelope.h"
#include "identify.h"
#include "say.h"

#include "base/banned.h"

#define FIRST_PAUSE_MS 200
#define MOST_PAUSE_MS  5000
/* The server knows for 30 days what it had, and clocks may differ. */
#define REPEAT_SECONDS ((uint64_t)29 * 86400)

/* A sealed message on its way. */
struct parcel {
    const struct outbox *outbox;
    struct outbox_item *item;
    bool was_lost;   /* it was sent, or may have been, and no answer came */
    bool was_sealed; /* by an earlier run */
    enum code code;  /* what the server refused it with, at last; CODE_NONE: nothing */
};

size_t deliver_most(const struct session *s)
{
    return envelope_largest_data(s->max_message);
}

/* Whether it helps to say the very same again. */
static bool is_passing(enum code code)
{
    return code == CODE_BUSY || code == CODE_TIMEOUT || code == CODE_TAMPERED ||
           code == CODE_INTERNAL;
}

/* What the server refuses for the mailbox's sake it has compared with what it has: it doesn't have it. All other
 * refusals come before that, and say nothing of what was sent earlier. What the server says when it can't make
 * something durable may be on its disk all the same. */
static void note_refusal(struct parcel *parcel, enum code code)
{
    if (code == CODE_INTERNAL || code == CODE_BUSY)
        parcel->was_lost = true;
    else if (code == CODE_MAILBOX_FULL || code == CODE_ID_TAKEN)
        parcel->was_lost = false;
}

/* STATUS_OK once the server has it. *repeats: the same may be sent again. */
static enum status ask_compose(struct session *s, struct parcel *parcel, bool *repeats,
                               bool *is_id_taken)
{
    const struct record *record = &parcel->item->record;
    struct span body = buf_span(&parcel->item->envelope);
    struct question question = {.verb = VERB_COMPOSE,
                                .fields = {span_str(record->peer), span_str(record->id)},
                                .n = 2,
                                .body = &body};
    struct answer answer;
    struct span id;
    enum status status = connection_ask(&s->connection, &question, &answer);
    parcel->code = CODE_NONE;
    *repeats = status != STATUS_OK;
    parcel->was_lost = parcel->was_lost || status != STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (answer.kind == ANSWER_ERR) {
        parcel->code = answer.code;
        *repeats = is_passing(answer.code);
        *is_id_taken = answer.code == CODE_ID_TAKEN && !parcel->was_lost;
        note_refusal(parcel, answer.code);
        return *is_id_taken ? STATUS_TEMPORARY : session_say_refusal(s, &answer);
    }
    id = span_of(answer.rest.data, answer.rest.len < FIELD_ID_LEN ? answer.rest.len : FIELD_ID_LEN);
    struct span more = span_of(answer.rest.data + id.len, answer.rest.len - id.len);
    if (answer.kind != ANSWER_OK || !span_is(id, record->id) ||
        (more.len != 0 && !span_is(more, " duplicate"))) {
        parcel->was_lost = true;
        return say_nonsense("COMPOSE");
    }
    return STATUS_OK;
}

static void pause_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

static enum status say_unknown(const struct parcel *parcel)
{
    say("it isn't known whether the message to %s was sent: no answer came.",
        parcel->item->record.peer);
    return STATUS_UNKNOWN;
}

/* Repeats until there is an answer that stands, the time is up, or somebody pressed Ctrl-C. */
static enum status hand_over(struct session *s, struct parcel *parcel, bool *is_id_taken)
{
    uint64_t deadline = clock_monotonic_ms() + s->options.timeout_ms;
    uint64_t wait = FIRST_PAUSE_MS;
    bool repeats = false;
    enum status status = ask_compose(s, parcel, &repeats, is_id_taken);
    for (int tries = 1;
         repeats && !transport_was_broken() && (tries < 2 || clock_monotonic_ms() < deadline);
         tries++) {
        uint64_t pause = connection_pause(&s->connection, wait);
        if (pause > wait && clock_monotonic_ms() + pause >= deadline)
            break;
        say("Trying again with the very same message; the server keeps it once.");
        pause_ms(pause);
        if (transport_was_broken())
            break;
        wait = wait < MOST_PAUSE_MS ? 2 * wait : MOST_PAUSE_MS;
        status = authenticate_session(s);
        if (status == STATUS_OK)
            status = ask_compose(s, parcel, &repeats, is_id_taken);
        else
            repeats = status == STATUS_TEMPORARY || status == STATUS_UNAVAILABLE;
    }
    if (status != STATUS_OK && parcel->was_lost)
        return status == STATUS_CHANGED ? status : say_unknown(parcel);
    if (status != STATUS_OK && transport_was_broken())
        say("interrupted: the message to %s wasn't stored.", parcel->item->record.peer);
    return status;
}

/* Seals it, if that wasn't done, and notes what is going out. */
static enum status seal(struct session *s, const struct parcel *parcel,
                        const struct identity *recipient)
{
    struct outbox_item *item = parcel->item;
    if (item->sealed > 0)
        return STATUS_OK;
    struct message message = {.id = item->record.id,
                              .time = clock_wall(),
                              .type = item->record.type,
                              .name = item->record.name,
                              .data = buf_span(&item->data)};
    enum err err =
        envelope_seal(&item->envelope, &message, &s->ring.self, s->ring.vault.sign, recipient);
    if (err != ERR_OK)
        return say_failure(err, "can't seal the message");
    item->sealed = message.time;
    memcpy(item->sealed_for, recipient->fingerprint, sizeof(item->sealed_for));
    err = outbox_store(parcel->outbox, item);
    return err == ERR_OK ? STATUS_OK
                         : say_failure(err, "can't note what is being sent; nothing was sent");
}

static enum status check(const struct session *s, const struct outbox_item *item)
{
    size_t most = deliver_most(s);
    if (item->data.len > most) {
        say("the message to %s has %zu bytes, and this server takes at most %zu; nothing was sent. "
            "Send it in parts.",
            item->record.peer, item->data.len, most);
        return STATUS_DATA;
    }
    if (item->sealed > 0 && clock_wall() > item->sealed + REPEAT_SECONDS) {
        say("the message to %s was sent more than 29 days ago, and no answer came. The server may "
            "have forgotten by now that it has it: ask %s, and send it anew or drop it.",
            item->record.peer, item->record.peer);
        return STATUS_UNKNOWN;
    }
    return STATUS_OK;
}

/* Sealed for keys that the recipient doesn't have any more, it would never be read. */
static enum status check_keys(const struct outbox_item *item, const struct identity *recipient)
{
    if (item->sealed == 0 || strcmp(item->sealed_for, recipient->fingerprint) == 0)
        return STATUS_OK;
    say("the message to %s was sealed for their former keys, and no answer came when it was "
        "sent. It isn't known whether they got it: ask %s, and send it anew or drop it.",
        item->record.peer, item->record.peer);
    return STATUS_UNKNOWN;
}

static void drop_envelope(struct outbox_item *item)
{
    buf_clear(&item->envelope);
    item->sealed = 0;
    item->sealed_for[0] = '\0';
}

/* NULL if the server said nothing of the kind. */
static const char *reason_of_code(enum code code)
{
    switch (code) {
    case CODE_MAILBOX_FULL:
        return "their mailbox has no room for more from you";
    case CODE_STORAGE_FULL:
        return "the server has no room left";
    case CODE_RATE_LIMITED:
        return "too many attempts";
    case CODE_BUSY:
        return "the server is busy";
    case CODE_INTERNAL:
        return "the server has a fault of its own";
    default:
        return NULL;
    }
}

static const char *reason_of(enum status status, bool is_for_former)
{
    if (is_for_former)
        return "sealed for their former keys; it may have been sent";
    switch (status) {
    case STATUS_NO_USER:
        return "no such user, or one without keys";
    case STATUS_CHANGED:
        return "the identity changed";
    case STATUS_DATA:
        return "larger than the server takes, so it can't be sent";
    case STATUS_UNKNOWN:
        return "no answer came";
    case STATUS_TEMPORARY:
    case STATUS_UNAVAILABLE:
    case STATUS_NO_HOST:
        return "the server is away, or busy";
    default:
        return "it failed";
    }
}

/* What is known to be refused may be sealed anew; all else is repeated as it is. */
static void note_failure(const struct parcel *parcel, enum status status, bool is_for_former)
{
    struct outbox_item *item = parcel->item;
    const char *said = is_for_former ? NULL : reason_of_code(parcel->code);
    char former[OUTBOX_REASON_SIZE];
    bool is_dropped = !parcel->was_lost && item->sealed > 0;
    memcpy(former, item->reason, sizeof(former));
    if (is_dropped)
        drop_envelope(item);
    (void)snprintf(item->reason, sizeof(item->reason), "%s%s",
                   said != NULL ? said : reason_of(status, is_for_former),
                   said != NULL && status == STATUS_UNKNOWN ? "; it may have been sent" : "");
    if (!is_dropped && strcmp(former, item->reason) == 0)
        return;
    enum err err = outbox_store(parcel->outbox, item);
    if (err != ERR_OK)
        (void)say_failure(err, "can't note in the outbox why it wasn't sent");
}

/* Only what an earlier run sealed can be there already: looking for it reads the whole archive. */
static enum err archive_sent(const struct parcel *parcel)
{
    struct archive archive;
    const struct outbox_item *item = parcel->item;
    bool is_there = false;
    struct record record = item->record;
    record.kind = RECORD_SENT;
    record.time = item->sealed;
    enum err err = archive_open(&archive, parcel->outbox->account, parcel->outbox->key);
    if (err == ERR_OK && parcel->was_sealed)
        err = archive_look(&archive, &record, &is_there);
    if (err == ERR_OK && !is_there)
        err = archive_add(&archive, &record, buf_span(&item->data));
    archive_close(&archive);
    return err;
}

/* The server has it. */
static void settle(const struct parcel *parcel)
{
    enum err err = archive_sent(parcel);
    if (err == ERR_OK)
        err = outbox_remove(parcel->outbox, parcel->item->number);
    if (err != ERR_OK)
        (void)say_failure(err, "it was sent, but can't be moved from the outbox to the archive");
}

enum status deliver_item(struct session *s, const struct outbox *outbox, struct outbox_item *item)
{
    struct identity recipient;
    bool was_sealed = item->sealed > 0;
    struct parcel parcel = {.outbox = outbox,
                            .item = item,
                            .was_lost = was_sealed,
                            .was_sealed = was_sealed};
    enum status status = check(s, item);
    if (status == STATUS_OK)
        status = identify_user(s, item->record.peer, &recipient);
    bool is_known = status == STATUS_OK;
    if (is_known)
        status = check_keys(item, &recipient);
    bool is_id_taken = status == STATUS_OK, is_for_former = is_known && !is_id_taken;
    /* A random id that is taken is next to impossible: twice in a row, it is the server's fault. */
    for (int tries = 0; is_id_taken && tries < 2; tries++) {
        is_id_taken = false;
        status = seal(s, &parcel, &recipient);
        if (status == STATUS_OK)
            status = hand_over(s, &parcel, &is_id_taken);
        if (is_id_taken) {
            drop_envelope(item);
            field_make_id(item->record.id);
        }
    }
    if (is_id_taken)
        status = say_nonsense("COMPOSE");
    if (status != STATUS_OK) {
        note_failure(&parcel, status, is_for_former);
        return status;
    }
    say("sent to %s: message %s.", item->record.peer, item->record.id);
    settle(&parcel);
    return STATUS_OK;
}
