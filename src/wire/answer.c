/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers: their codes, and what a client takes from them. */
#include "wire/answer.h"

#include <string.h>

#include "base/banned.h"

static const char *const names[CODE_COUNT] = {
    [CODE_NONE] = "none",
    [CODE_VERSION] = "version",
    [CODE_BAD_HELLO] = "bad-hello",
    [CODE_BUSY] = "busy",
    [CODE_TIMEOUT] = "timeout",
    [CODE_TAMPERED] = "tampered",
    [CODE_RATE_LIMITED] = "rate-limited",
    [CODE_INTERNAL] = "internal",
    [CODE_TOO_LARGE] = "too-large",
    [CODE_BAD_COMMAND] = "bad-command",
    [CODE_BAD_STATE] = "bad-state",
    [CODE_BAD_NAME] = "bad-name",
    [CODE_WEAK_SECRET] = "weak-secret",
    [CODE_BAD_ACCOUNT] = "bad-account",
    [CODE_BAD_IDENTITY] = "bad-identity",
    [CODE_NAME_TAKEN] = "name-taken",
    [CODE_REGISTRATION_CLOSED] = "registration-closed",
    [CODE_BAD_INVITE] = "bad-invite",
    [CODE_AUTH_FAILED] = "auth-failed",
    [CODE_NO_USER] = "no-user",
    [CODE_NO_IDENTITY] = "no-identity",
    [CODE_BAD_ENVELOPE] = "bad-envelope",
    [CODE_BAD_SIGNATURE] = "bad-signature",
    [CODE_ID_TAKEN] = "id-taken",
    [CODE_MAILBOX_FULL] = "mailbox-full",
    [CODE_STORAGE_FULL] = "storage-full",
};

const char *code_name(enum code code)
{
    return code < CODE_COUNT ? names[code] : "unknown";
}

enum code code_from_name(struct span name)
{
    for (enum code code = CODE_NONE + 1; code < CODE_COUNT; code++)
        if (span_is(name, names[code]))
            return code;
    return CODE_UNKNOWN;
}

bool code_is_closing(enum code code)
{
    switch (code) {
    case CODE_VERSION:
    case CODE_BAD_HELLO:
    case CODE_BUSY:
    case CODE_TIMEOUT:
    case CODE_TAMPERED:
    case CODE_RATE_LIMITED:
    case CODE_INTERNAL:
        return true;
    default:
        return false;
    }
}

/* Takes the word up to the next space off the front; an empty one at the end. */
static struct span take_word(struct span *rest)
{
    const uint8_t *space = rest->len > 0 ? memchr(rest->data, ' ', rest->len) : NULL;
    struct span word = span_of(rest->data, space ? (size_t)(space - rest->data) : rest->len);
    size_t taken = word.len + (space ? 1 : 0);
    if (taken > 0)
        *rest = span_of(rest->data + taken, rest->len - taken);
    return word;
}

/* Whether a word is "<name><number>", e.g. "limit=20". */
static bool is_setting(struct span word, const char *name, uint64_t *number)
{
    size_t n = strlen(name);
    return word.len > n && memcmp(word.data, name, n) == 0 &&
           !field_number(span_of(word.data + n, word.len - n), number);
}

/* The fields that an error's text may begin with. */
static void take_settings(struct answer *answer)
{
    for (;;) {
        struct span rest = answer->text, word = take_word(&rest);
        if (is_setting(word, "limit=", &answer->limit))
            answer->has_limit = true;
        else if (is_setting(word, "used=", &answer->used))
            answer->has_used = true;
        else if (is_setting(word, "retry-after=", &answer->retry_after))
            answer->has_retry_after = true;
        else
            return;
        answer->text = rest;
    }
}

static enum err parse_error(struct answer *answer, struct span rest)
{
    answer->kind = ANSWER_ERR;
    answer->code_text = take_word(&rest);
    if (answer->code_text.len == 0 || answer->has_body)
        return ERR_MALFORMED;
    answer->code = code_from_name(answer->code_text);
    answer->text = rest;
    take_settings(answer);
    return ERR_OK;
}

/* <id> <sender> <time stored> <signed or unsigned> <unread left after it> */
static enum err parse_message(struct answer *answer, struct span rest)
{
    answer->kind = ANSWER_MESSAGE;
    answer->id = take_word(&rest);
    answer->sender = take_word(&rest);
    struct span time = take_word(&rest), mark = take_word(&rest), left = rest;
    answer->is_signed = span_is(mark, "signed");
    if (!field_is_id(answer->id) || !field_is_user(answer->sender) || !answer->has_body ||
        (!answer->is_signed && !span_is(mark, "unsigned")) ||
        field_number(time, &answer->time_stored) || field_number(left, &answer->left))
        return ERR_MALFORMED;
    return ERR_OK;
}

enum err answer_parse(struct answer *answer, struct span head, bool has_body, struct span body)
{
    *answer = (struct answer){.has_body = has_body, .body = body};
    struct span rest = head, kind = take_word(&rest);
    if (span_is(kind, "ERR"))
        return parse_error(answer, rest);
    if (span_is(kind, "MESSAGE"))
        return parse_message(answer, rest);
    answer->rest = rest;
    if (span_is(kind, "OK"))
        answer->kind = ANSWER_OK;
    else if (span_is(head, "EMPTY"))
        answer->kind = ANSWER_EMPTY;
    else if (span_is(head, "BYE"))
        answer->kind = ANSWER_BYE;
    else
        return ERR_MALFORMED;
    return answer->kind != ANSWER_OK && has_body ? ERR_MALFORMED : ERR_OK;
}

enum err answer_count(const struct answer *answer, uint64_t *count)
{
    return answer->kind == ANSWER_OK ? field_number(answer->rest, count) : ERR_MALFORMED;
}

enum err answer_take_item(struct span *body, struct answer_item *item)
{
    if (body->len == 0)
        return ERR_NOT_FOUND;
    const uint8_t *end = memchr(body->data, '\n', body->len);
    if (!end)
        return ERR_MALFORMED;
    struct span line = span_of(body->data, (size_t)(end - body->data));
    item->id = take_word(&line);
    item->sender = take_word(&line);
    struct span time = take_word(&line);
    if (!field_is_id(item->id) || !field_is_user(item->sender) ||
        field_number(time, &item->time_stored) || field_number(line, &item->bytes))
        return ERR_MALFORMED;
    size_t taken = (size_t)(end - body->data) + 1;
    *body = span_of(body->data + taken, body->len - taken);
    return ERR_OK;
}
