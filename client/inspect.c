/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.c: judges a message. What can't be checked for a reason that isn't the message's own is never
 * called bad: it stays on the server. */
#include "inspect.h"

#include <string.h>

#include "identify.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

void inspect_free(struct inspected *inspected)
{
    content_free(&inspected->content);
}

static void set_bad(struct inspected *inspected, const char *reason)
{
    inspected->verdict = VERDICT_BAD;
    inspected->reason = reason;
}

static void set_unknown(struct inspected *inspected, enum status status)
{
    inspected->verdict = status == STATUS_CHANGED ? VERDICT_CHANGED : VERDICT_UNKNOWN;
    inspected->status = status;
}

/* Whose signature it must be. */
struct claimed {
    struct identity identity;
    struct identify_answer who; /* WHO's answer, if nothing is pinned */
    bool is_new;                /* the identity is WHO's */
};

/* The pinned identity of the sender, or WHO's. False: the verdict is set. */
static bool find_sender(struct session *s, const char *sender, struct claimed *from,
                        struct inspected *inspected)
{
    enum err err = pins_find_identity(s->account.dir, sender, &from->identity);
    if (err == ERR_OK)
        return true;
    if (err != ERR_NOT_FOUND) {
        set_unknown(inspected, pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE));
        return false;
    }
    enum status status = identify_ask(s, sender, &from->who);
    from->is_new = status == STATUS_OK && from->who.kind == IDENTIFY_PRESENT;
    if (status != STATUS_OK)
        set_unknown(inspected, status);
    else if (!from->is_new)
        set_bad(inspected,
                from->who.kind == IDENTIFY_NO_USER
                    ? "the sender's account is gone and its keys were never pinned here, so "
                      "the signature can't be checked"
                    : "the server says that it is signed, but the sender has no keys");
    from->identity = from->who.identity;
    return from->is_new;
}

/* A signature that isn't by the pinned key: a forgery, unless the sender has other keys by now. */
static void look_for_change(struct session *s, const struct identity *from, enum fault fault,
                            struct inspected *inspected)
{
    struct identify_answer who;
    enum status status = identify_ask(s, from->user, &who);
    const char *now = who.kind == IDENTIFY_PRESENT ? who.identity.fingerprint : "";
    bool is_changed = who.kind != IDENTIFY_NO_USER && strcmp(now, from->fingerprint) != 0;
    if (status == STATUS_OK && is_changed)
        status = identify_say_changed(s, from->user, from->fingerprint, now);
    if (status != STATUS_OK)
        set_unknown(inspected, status);
    else
        set_bad(inspected, fault_text(fault));
    identify_free(&who);
}

/* Only who has signed a message is pinned: what the server says alone isn't worth it. */
static void accept(struct session *s, const struct claimed *from, struct inspected *inspected)
{
    enum status status = STATUS_OK;
    if (from->is_new)
        status = identify_pin(s, &from->who, &inspected->is_first);
    if (status == STATUS_OK)
        inspected->verdict = VERDICT_GOOD;
    else
        set_unknown(inspected, status);
}

static void judge_fault(struct session *s, const struct claimed *from, enum fault fault,
                        struct inspected *inspected)
{
    bool is_others = fault == FAULT_SIGNATURE || fault == FAULT_SENDER_IDENTITY;
    if (fault == FAULT_NONE) {
        accept(s, from, inspected);
    } else if (fault == FAULT_INTERNAL) {
        say("a message from %s couldn't be checked: %s. It stays on the server.",
            from->identity.user, fault_text(fault));
        set_unknown(inspected, STATUS_SOFTWARE);
    } else if (is_others && !from->is_new) {
        look_for_change(s, &from->identity, fault, inspected);
    } else {
        set_bad(inspected, fault_text(fault));
    }
}

static void open_envelope(struct session *s, const struct received *received,
                          const struct envelope *envelope, struct inspected *inspected)
{
    struct claimed from = {.who = {.text = BUF_INIT(IDENTITY_MAX)}};
    uint8_t message_key[32];
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = &from.identity,
                                     .id = span_str(received->id)};
    if (find_sender(s, received->sender, &from, inspected)) {
        enum fault fault = envelope_open(&inspected->content, message_key, envelope, &reader);
        bytes_wipe(message_key, sizeof(message_key));
        inspected->time = envelope->time;
        memcpy(inspected->fingerprint, from.identity.fingerprint, FINGERPRINT_SIZE);
        judge_fault(s, &from, fault, inspected);
    }
    identify_free(&from.who);
}

static void inspect_signed(struct session *s, const struct received *received,
                           struct inspected *inspected)
{
    struct envelope envelope;
    enum err err = envelope_parse(&envelope, buf_span(&received->body));
    if (err == ERR_OK)
        open_envelope(s, received, &envelope, inspected);
    else if (err == ERR_MALFORMED)
        set_bad(inspected, fault_text(FAULT_FORM));
    else
        set_unknown(inspected, say_failure(err, "can't check a message"));
}

static void inspect_unsigned(struct session *s, const char *sender, struct inspected *inspected)
{
    struct identity pinned;
    struct identify_answer who;
    enum err err = pins_find_identity(s->account.dir, sender, &pinned);
    if (err == ERR_OK) {
        set_bad(inspected, "it isn't signed, although the sender's keys are pinned here");
        return;
    }
    if (err != ERR_NOT_FOUND) {
        set_unknown(inspected, pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE));
        return;
    }
    enum status status = identify_ask(s, sender, &who);
    if (status != STATUS_OK)
        set_unknown(inspected, status);
    else if (who.kind != IDENTIFY_NO_IDENTITY)
        set_bad(inspected, who.kind == IDENTIFY_NO_USER
                               ? "it isn't signed, and the sender's account is gone"
                               : "it isn't signed, although the sender has keys");
    else
        inspected->verdict = VERDICT_UNSIGNED;
    identify_free(&who);
}

void inspect_message(struct session *s, const struct received *received,
                     struct inspected *inspected)
{
    *inspected = (struct inspected){.verdict = VERDICT_UNKNOWN, .status = STATUS_SOFTWARE};
    if (received->is_signed)
        inspect_signed(s, received, inspected);
    else
        inspect_unsigned(s, received->sender, inspected);
}
