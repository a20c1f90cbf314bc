/* answer.h: answers and their error codes, for both ends (protocol 2). */
#ifndef SECMSG_WIRE_ANSWER_H
#define SECMSG_WIRE_ANSWER_H

#include "base/buf.h"
#include "crypto/field.h"

/* The protocol's error codes; their names on the wire are these in lower case with '-'. */
enum code {
    CODE_NONE = 0,
    /* closing the connection */
    CODE_VERSION,
    CODE_BAD_HELLO,
    CODE_BUSY,
    CODE_TIMEOUT,
    CODE_TAMPERED,
    CODE_RATE_LIMITED,
    CODE_INTERNAL,
    /* either: see protocol 2 */
    CODE_TOO_LARGE,
    /* leaving it open */
    CODE_BAD_COMMAND,
    CODE_BAD_STATE,
    CODE_BAD_NAME,
    CODE_WEAK_SECRET,
    CODE_BAD_ACCOUNT,
    CODE_BAD_IDENTITY,
    CODE_NAME_TAKEN,
    CODE_REGISTRATION_CLOSED,
    CODE_BAD_INVITE,
    CODE_AUTH_FAILED,
    CODE_NO_USER,
    CODE_NO_IDENTITY,
    CODE_BAD_ENVELOPE,
    CODE_BAD_SIGNATURE,
    CODE_ID_TAKEN,
    CODE_MAILBOX_FULL,
    CODE_STORAGE_FULL,
    CODE_COUNT,
    CODE_UNKNOWN =
        CODE_COUNT /* a code of a later version: treated as leaving the connection open */
};

const char *code_name(enum code code);
enum code code_from_name(struct span name);

/* Whether the connection ends behind this code wherever it is answered. Too-large isn't one of them: a
 * message leaves the connection open, a line doesn't. */
bool code_is_closing(enum code code);

enum answer_kind { ANSWER_OK, ANSWER_MESSAGE, ANSWER_EMPTY, ANSWER_BYE, ANSWER_ERR };

/* A parsed answer. Spans point into what was parsed. */
struct answer {
    enum answer_kind kind;
    struct span rest; /* OK: everything behind it in the head, e.g. "3" or "<id> duplicate" */
    bool has_body;
    struct span body;
    /* ANSWER_ERR */
    enum code code;
    struct span code_text; /* the code as it was sent */
    struct span text;      /* for a person; from outside: show it escaped */
    bool has_limit, has_used, has_retry_after;
    uint64_t limit, used, retry_after;
    /* ANSWER_MESSAGE */
    struct span id, sender;
    uint64_t time_stored;
    bool is_signed;
    uint64_t left;
};

/* ERR_MALFORMED for anything that isn't an answer. */
enum err answer_parse(struct answer *answer, struct span head, bool has_body,
                      struct span body) MUST_USE;

/* OK's rest as one number (LOGIN, ACK, LIST, WAIT). ERR_MALFORMED. */
enum err answer_count(const struct answer *answer, uint64_t *count) MUST_USE;

/* One line of LIST's body, taken off the front of *body. ERR_NOT_FOUND at its end, ERR_MALFORMED. */
struct answer_item {
    struct span id, sender;
    uint64_t time_stored;
    uint64_t bytes;
};
enum err answer_take_item(struct span *body, struct answer_item *item) MUST_USE;

#endif
