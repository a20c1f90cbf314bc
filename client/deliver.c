/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver.c: one message's way to the server. An envelope is sealed once and repeated as it is, so that no
 * lost answer doubles a message. */
#include "deliver.h"

#include <string.h>
#include <time.h>

#include "authenticate.h"
#include "base/clock.h"
#include "crypto/envelope.h"
#include "identify.h"
#include "say.h"

#include "base/banned.h"

#define FIRST_PAUSE_MS 200
#define MOST_PAUSE_MS  5000

/* A sealed message on its way. */
struct parcel {
    const char *to;
    bool is_kept; /* the caller repeats it later */
    char id[FIELD_ID_SIZE];
    struct buf envelope;
    bool was_lost; /* it was sent, and no answer came */
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

/* Duplicates are found before any other refusal, so what was sent before wasn't stored: but for what the
 * server says when it can't make something durable, which may be on its disk all the same. */
static void note_refusal(struct parcel *parcel, enum code code, bool repeats)
{
    if (code == CODE_INTERNAL || code == CODE_BUSY)
        parcel->was_lost = true;
    else if (code != CODE_STORAGE_FULL)
        parcel->was_lost = parcel->was_lost && repeats;
}

/* STATUS_OK once the server has it. *repeats: the same may be sent again. */
static enum status ask_compose(struct session *s, struct parcel *parcel, bool *repeats,
                               bool *is_id_taken)
{
    struct span body = buf_span(&parcel->envelope);
    struct question question = {.verb = VERB_COMPOSE,
                                .fields = {span_str(parcel->to), span_str(parcel->id)},
                                .n = 2,
                                .body = &body};
    struct answer answer;
    struct span id;
    enum status status = connection_ask(&s->connection, &question, &answer);
    *repeats = status != STATUS_OK;
    parcel->was_lost = parcel->was_lost || status != STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (answer.kind == ANSWER_ERR) {
        *repeats = is_passing(answer.code);
        *is_id_taken = answer.code == CODE_ID_TAKEN && !parcel->was_lost;
        note_refusal(parcel, answer.code, *repeats);
        return *is_id_taken ? STATUS_TEMPORARY : say_refusal(&answer);
    }
    id = span_of(answer.rest.data, answer.rest.len < FIELD_ID_LEN ? answer.rest.len : FIELD_ID_LEN);
    struct span more = span_of(answer.rest.data + id.len, answer.rest.len - id.len);
    if (answer.kind != ANSWER_OK || !span_is(id, parcel->id) ||
        (more.len != 0 && !span_is(more, " duplicate")))
        return say_nonsense("COMPOSE");
    return STATUS_OK;
}

static void pause_ms(uint64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

static enum status say_unknown(const struct parcel *parcel)
{
    say("it isn't known whether the message to %s was sent: no answer came.", parcel->to);
    if (!parcel->is_kept)
        say("Ask %s, or send it again; it may then be there twice.", parcel->to);
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
        say("Trying again with the very same message; the server keeps it once.");
        pause_ms(wait);
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
        say("interrupted: the message to %s wasn't stored.", parcel->to);
    return status;
}

static enum status seal(struct session *s, const struct letter *letter,
                        const struct identity *recipient, struct parcel *parcel)
{
    field_make_id(parcel->id);
    struct message message = {.id = parcel->id,
                              .time = clock_wall(),
                              .type = letter->type,
                              .name = letter->name,
                              .data = letter->data};
    buf_clear(&parcel->envelope);
    enum err err =
        envelope_seal(&parcel->envelope, &message, &s->ring.self, s->ring.vault.sign, recipient);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't seal the message");
}

static enum status check(const struct session *s, const struct letter *letter)
{
    size_t most = deliver_most(s);
    if (letter->data.len == 0) {
        say("the message is empty; nothing was sent.");
        return STATUS_DATA;
    }
    if (letter->data.len > most) {
        say("the message has %zu bytes, and this server takes at most %zu; nothing was sent. Send "
            "it in "
            "parts.",
            letter->data.len, most);
        return STATUS_DATA;
    }
    return STATUS_OK;
}

static void take_sealed(struct parcel *parcel, struct sealed *sealed)
{
    parcel->is_kept = sealed != NULL;
    if (sealed == NULL || sealed->id[0] == '\0')
        return;
    memcpy(parcel->id, sealed->id, FIELD_ID_SIZE);
    parcel->envelope = sealed->envelope;
    parcel->was_lost = true;
    sealed->envelope = BUF_INIT(CONNECTION_LINE_MAX);
}

static void keep_sealed(struct parcel *parcel, struct sealed *sealed)
{
    sealed->id[0] = '\0';
    if (!parcel->was_lost)
        return;
    memcpy(sealed->id, parcel->id, FIELD_ID_SIZE);
    sealed->envelope = parcel->envelope;
    parcel->envelope = BUF_INIT(CONNECTION_LINE_MAX);
}

enum status deliver_letter(struct session *s, const struct letter *letter)
{
    struct identity recipient;
    struct parcel parcel = {.to = letter->to, .envelope = BUF_INIT(CONNECTION_LINE_MAX)};
    take_sealed(&parcel, letter->sealed);
    enum status status = authenticate_session(s);
    if (status == STATUS_OK)
        status = check(s, letter);
    if (status == STATUS_OK)
        status = identify_user(s, letter->to, &recipient);
    bool is_id_taken = status == STATUS_OK;
    /* A random id that is taken is next to impossible: twice in a row, it is the server's fault. */
    for (int tries = 0; is_id_taken && tries < 2; tries++) {
        is_id_taken = false;
        if (!parcel.was_lost)
            status = seal(s, letter, &recipient, &parcel);
        if (status == STATUS_OK && !parcel.was_lost && letter->note != NULL &&
            letter->note(letter->context, parcel.id, buf_span(&parcel.envelope)) != ERR_OK)
            say("can't note what is being sent; if this is broken off, it may be sent twice.");
        if (status == STATUS_OK)
            status = hand_over(s, &parcel, &is_id_taken);
    }
    if (is_id_taken)
        status = say_nonsense("COMPOSE");
    if (status == STATUS_OK)
        say("sent to %s: message %s.", letter->to, parcel.id);
    if (status != STATUS_OK && letter->sealed != NULL)
        keep_sealed(&parcel, letter->sealed);
    buf_free(&parcel.envelope);
    return status;
}
