/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies: the one place where a code becomes words for a person. */
#include "handler/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

static const char *const texts[CODE_COUNT] = {
    [CODE_VERSION] = "this server speaks version 1",
    [CODE_BAD_HELLO] = "expected: SECMSG 1 and an ephemeral key",
    [CODE_BUSY] = "the server is busy; try again in a moment",
    [CODE_TIMEOUT] = "nothing came in time; connect again when you are ready",
    [CODE_TAMPERED] = "a frame was changed, repeated or cut on its way; nothing of it was done",
    [CODE_RATE_LIMITED] = "too many tries on one connection; connect again",
    [CODE_INTERNAL] = "the server failed; it has been logged; try again later",
    [CODE_TOO_LARGE] = "larger than this server takes; see INFO",
    [CODE_BAD_COMMAND] = "not a command of this protocol",
    [CODE_BAD_STATE] = "not possible now",
    [CODE_BAD_NAME] = "a name is 1 to 32 of a-z 0-9 . _ - and begins with a letter or a digit",
    [CODE_WEAK_SECRET] = "a secret is the base64url of 32 bytes",
    [CODE_BAD_ACCOUNT] = "the body isn't of the form that the protocol gives it",
    [CODE_BAD_IDENTITY] = "the identity isn't valid, or isn't this name's",
    [CODE_NAME_TAKEN] = "that name is taken; choose another",
    [CODE_REGISTRATION_CLOSED] = "this server takes no new accounts; ask who runs it",
    [CODE_BAD_INVITE] = "registering here needs an invitation; ask who runs this server for one",
    [CODE_AUTH_FAILED] = "wrong name or password",
    [CODE_NO_USER] = "there is no such user here",
    [CODE_NO_IDENTITY] = "an account of plain mode has no identity",
    [CODE_BAD_ENVELOPE] =
        "the envelope isn't of the form that the protocol gives it, or isn't yours",
    [CODE_BAD_SIGNATURE] = "the envelope isn't signed by your key",
    [CODE_ID_TAKEN] = "that id was used for another message; seal the message anew",
    [CODE_MAILBOX_FULL] = "the mailbox has no more room for messages from you; try again later",
    [CODE_STORAGE_FULL] = "the server has no more room; try again later",
};

enum code reply_ok(struct reply *reply, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reply->text, sizeof(reply->text), format, args);
    va_end(args);
    return CODE_NONE;
}

enum code reply_refuse(struct reply *reply, enum code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reply->text, sizeof(reply->text), format, args);
    va_end(args);
    return code;
}

enum code reply_store_error(struct reply *reply, enum err e)
{
    switch (e) {
    case ERR_BUSY:
        return CODE_BUSY;
    case ERR_NO_SPACE:
        return CODE_STORAGE_FULL;
    case ERR_READ_ONLY:
        return reply_refuse(reply, CODE_STORAGE_FULL,
                            "the server's disk takes no changes; tell who runs it");
    case ERR_DENIED:
        reply->is_last = true;
        return reply_refuse(reply, CODE_AUTH_FAILED,
                            "this account was changed elsewhere; log in again");
    default:
        return CODE_INTERNAL;
    }
}

struct span reply_head(char line[static WIRE_HEAD_MAX + 1], enum code code,
                       const struct reply *reply)
{
    if (code == CODE_NONE)
        return span_str(reply->text);
    /* %.480s: whatever the text, code and head stay within a head line. */
    snprintf(line, WIRE_HEAD_MAX + 1, "ERR %s %.480s", code_name(code),
             reply->text[0] ? reply->text : texts[code]);
    return span_str(line);
}
