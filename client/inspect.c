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

/* The pinned identity of the sender, or WHO's, which is pinned then. False: the verdict is set. */
static bool find_sender(struct session *s, const char *sender, struct identity *from,
                        struct inspected *inspected)
{
    struct identify_answer who;
    enum err err = pins_find_identity(s->account.dir, sender, from);
    if (err == ERR_OK)
        return true;
    if (err != ERR_NOT_FOUND) {
        set_unknown(inspected, pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE));
        return false;
    }
    enum status status = identify_ask(s, sender, &who);
    bool is_present = status == STATUS_OK && who.kind == IDENTIFY_PRESENT;
    if (is_present)
        status = identify_pin(s, &who, &inspected->is_first);
    if (status != STATUS_OK)
        set_unknown(inspected, status);
    else if (!is_present)
        set_bad(inspected,
                who.kind == IDENTIFY_NO_USER
                    ? "the sender's account is gone and its keys were never pinned here, so "
                      "the signature can't be checked"
                    : "the server says that it is signed, but the sender has no keys");
    *from = who.identity;
    identify_free(&who);
    return status == STATUS_OK && is_present;
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

static void judge_fault(struct session *s, const struct identity *from, enum fault fault,
                        struct inspected *inspected)
{
    bool is_others = fault == FAULT_SIGNATURE || fault == FAULT_SENDER_IDENTITY;
    if (fault == FAULT_NONE) {
        inspected->verdict = VERDICT_GOOD;
    } else if (fault == FAULT_INTERNAL) {
        say("a message from %s couldn't be checked: %s. It stays on the server.", from->user,
            fault_text(fault));
        set_unknown(inspected, STATUS_SOFTWARE);
    } else if (is_others && !inspected->is_first) {
        look_for_change(s, from, fault, inspected);
    } else {
        set_bad(inspected, fault_text(fault));
    }
}

static void inspect_signed(struct session *s, const struct received *received,
                           struct inspected *inspected)
{
    struct envelope envelope;
    struct identity from;
    uint8_t message_key[32];
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = &from,
                                     .id = span_str(received->id)};
    enum err err = envelope_parse(&envelope, buf_span(&received->body));
    if (err == ERR_MALFORMED) {
        set_bad(inspected, fault_text(FAULT_FORM));
        return;
    }
    if (err != ERR_OK) {
        set_unknown(inspected, say_failure(err, "can't check a message"));
        return;
    }
    if (!find_sender(s, received->sender, &from, inspected))
        return;
    enum fault fault = envelope_open(&inspected->content, message_key, &envelope, &reader);
    bytes_wipe(message_key, sizeof(message_key));
    inspected->time = envelope.time;
    memcpy(inspected->fingerprint, from.fingerprint, FINGERPRINT_SIZE);
    judge_fault(s, &from, fault, inspected);
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
