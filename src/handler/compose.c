/* SPDX-License-Identifier: GPL-3.0-or-later */
/* COMPOSE: every check in the protocol's order, then one call of the store. */
#include <inttypes.h>
#include <string.h>

#include "crypto/envelope.h"
#include "handler/commands.h"
#include "handler/load.h"

#include "base/banned.h"

/* Fills own_key from the account's identity, once a session. ERR_NOT_FOUND: it has none. */
static enum err load_own_key(struct session *s)
{
    if (s->has_own_key)
        return ERR_OK;
    struct store_account account = STORE_ACCOUNT_INIT;
    struct identity identity;
    enum err e = store_account_get(s->store, s->login.user, &account);
    if (e == ERR_NOT_FOUND || (!e && account.version != s->login.version))
        e = ERR_DENIED;
    else if (!e && !account.has_identity)
        e = ERR_NOT_FOUND;
    if (!e)
        e = identity_parse_stored(&identity, buf_span(&account.identity));
    if (!e) {
        memcpy(s->own_key, identity.sign, RSA_LEN);
        s->has_own_key = true;
    }
    store_account_free(&account);
    return e == ERR_MALFORMED || e == ERR_FORGED ? ERR_DAMAGED : e;
}

static enum err find_recipient(struct session *s, struct span name,
                               char user[static FIELD_USER_SIZE])
{
    if (!field_is_user(name) || !span_to_text(name, user, FIELD_USER_SIZE))
        return ERR_NOT_FOUND;
    return store_account_find(s->store, user);
}

/* Hygiene: what is stored has the form, and comes from whom it says. The recipient checks again. */
static enum code check_envelope(const struct session *s, const struct command *command,
                                struct reply *reply)
{
    struct envelope envelope;
    if (envelope_parse(&envelope, command->body))
        return CODE_BAD_ENVELOPE;
    if (!span_is(envelope.from, s->login.user) || !span_equal(envelope.to, command->fields[0]) ||
        !span_equal(envelope.id, command->fields[1]))
        return reply_refuse(
            reply, CODE_BAD_ENVELOPE,
            "from, to or id of the envelope differ from the session's and the command's");
    switch (envelope_verify(&envelope, s->own_key)) {
    case ERR_OK:
        return CODE_NONE;
    case ERR_FORGED:
    case ERR_MALFORMED:
        return CODE_BAD_SIGNATURE;
    default:
        return CODE_INTERNAL;
    }
}

static enum code store_message(struct session *s, const struct store_put *put, struct reply *reply)
{
    struct store_share share = {.in_bytes = false};
    enum err e = store_put(s->store, put, &share);
    switch (e) {
    case ERR_OK:
        guard_count(s->guard, GUARD_MESSAGES, 1);
        guard_count(s->guard, GUARD_MESSAGE_BYTES, put->body.len);
        log_event(LOG_LEVEL_INFO, "message", "from=%s to=%s id=%s bytes=%zu", put->sender,
                  put->recipient, put->id, put->body.len);
        return reply_ok(reply, "OK %s", put->id);
    case ERR_DUPLICATE:
        guard_count(s->guard, GUARD_DUPLICATES, 1);
        return reply_ok(reply, "OK %s duplicate", put->id);
    case ERR_EXISTS:
        return CODE_ID_TAKEN;
    case ERR_NOT_FOUND:
        return CODE_NO_USER;
    case ERR_FULL:
        return reply_refuse(reply, CODE_MAILBOX_FULL,
                            "limit=%" PRIu64 " used=%" PRIu64
                            " %s of yours fill what this mailbox has for you; try again when "
                            "some were read",
                            share.limit, share.used, share.in_bytes ? "bytes" : "messages");
    default:
        return reply_store_error(reply, e);
    }
}

/* Framed: an envelope under the command's id. */
static enum code check_signed(struct session *s, const struct command *command, char *recipient,
                              struct reply *reply)
{
    enum err e = load_own_key(s);
    if (e == ERR_NOT_FOUND)
        return CODE_NO_IDENTITY;
    if (!e)
        e = find_recipient(s, command->fields[0], recipient);
    if (e == ERR_NOT_FOUND)
        return CODE_NO_USER;
    return e ? reply_store_error(reply, e) : check_envelope(s, command, reply);
}

enum code command_compose(struct session *s, const struct command *command, struct reply *reply)
{
    char recipient[FIELD_USER_SIZE] = "", id[FIELD_ID_SIZE];
    bool is_signed = !s->channel.is_plain;
    if (command->n == 1)
        field_make_id(id);
    else if (!field_is_id(command->fields[1]) || !span_to_text(command->fields[1], id, sizeof(id)))
        return reply_refuse(reply, CODE_BAD_COMMAND, "a message id is 32 lower-case hex digits");
    if (command->body.len > s->settings->max_message)
        return reply_refuse(reply, CODE_TOO_LARGE,
                            "limit=%" PRIu64 " a message has at most so many bytes here",
                            s->settings->max_message);
    enum code code = load_check(s, LOAD_COMPOSE, reply);
    if (code)
        return code;
    enum err e = session_check_login(s);
    if (e)
        return reply_store_error(reply, e);
    if (is_signed) {
        code = check_signed(s, command, recipient, reply);
        if (code)
            return code;
    } else {
        e = find_recipient(s, command->fields[0], recipient);
        if (e)
            return e == ERR_NOT_FOUND ? CODE_NO_USER : reply_store_error(reply, e);
    }
    struct store_put put = {.recipient = recipient,
                            .sender = s->login.user,
                            .id = id,
                            .is_signed = is_signed,
                            .body = command->body};
    return store_message(s, &put, reply);
}
