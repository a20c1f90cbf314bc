/* SPDX-License-Identifier: GPL-3.0-or-later */
/* open.c: the word `open`: opens an envelope that came by hand, with every check that a message of the server's goes
 * through but one: whether it was shown before. Nothing is kept, and no server is asked. */
#include "words.h"

#include "authenticate.h"
#include "crypto/envelope.h"
#include "given.h"
#include "opened.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

static enum status say_bad(enum fault fault)
{
    if (fault == FAULT_INTERNAL)
        say("the message couldn't be checked, through no fault of its own.");
    else
        say("the message failed a check: %s. It isn't shown.", fault_text(fault));
    return fault == FAULT_INTERNAL ? STATUS_SOFTWARE : STATUS_FAILED_CHECK;
}

static enum status find_sender(struct session *s, struct span name, struct identity *from)
{
    char user[FIELD_USER_SIZE];
    if (!span_to_text(name, user, sizeof(user)))
        return say_bad(FAULT_FORM);
    enum err err = pins_find_identity(s->account.dir, user, from);
    if (err == ERR_OK)
        return STATUS_OK;
    if (err != ERR_NOT_FOUND)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    say("it says that it is from %s, whose identity isn't pinned here: `%sfingerprint %s` asks the "
        "server for it.",
        user, say_command(), user);
    return STATUS_NO_USER;
}

static enum status open_envelope(struct session *s, const struct envelope *envelope,
                                 const struct identity *from)
{
    struct content content = {.plain = BUF_INIT(0)};
    uint8_t message_key[32];
    struct envelope_reader reader = {.self = &s->ring.self,
                                     .seal = s->ring.vault.seal,
                                     .from = from,
                                     .id = envelope->id};
    enum fault fault = envelope_open(&content, message_key, envelope, &reader);
    bytes_wipe(message_key, sizeof(message_key));
    struct opened opened = {.from = from,
                            .standing = "pinned",
                            .is_known = true,
                            .to = envelope->to,
                            .id = envelope->id,
                            .time = envelope->time,
                            .content = &content};
    enum status status = fault == FAULT_NONE ? opened_print(s, &opened) : say_bad(fault);
    content_free(&content);
    return status;
}

static enum status open_text(struct session *s, struct span text)
{
    struct envelope envelope;
    struct identity from;
    enum err err = envelope_parse(&envelope, text);
    if (err != ERR_OK)
        return say_bad(fault_from(err, FAULT_FORM));
    enum status status = session_choose_user(s, NULL);
    if (status == STATUS_OK)
        status = find_sender(s, envelope.from, &from);
    if (status == STATUS_OK)
        status = authenticate_keys(s, false);
    return status == STATUS_OK ? open_envelope(s, &envelope, &from) : status;
}

enum status open_main(struct session *s, int argc, char *argv[])
{
    struct buf text = BUF_INIT(CONNECTION_LINE_MAX);
    enum status status = opened_check(s);
    if (status == STATUS_OK)
        status = given_read(s, argc > 1 ? argv[1] : NULL, &text);
    if (status == STATUS_OK)
        status = open_text(s, buf_span(&text));
    buf_free(&text);
    return status;
}
