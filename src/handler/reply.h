/* reply.h: what a command has to say, before anybody says it.
 *
 * A command returns a code and fills a reply; session.c alone turns that into an answer. So no command
 * can forget to answer, or answer twice. */
#ifndef SECMSG_HANDLER_REPLY_H
#define SECMSG_HANDLER_REPLY_H

#include "base/buf.h"
#include "store/store.h"
#include "wire/answer.h"
#include "wire/limits.h"

struct reply {
    char text[WIRE_HEAD_MAX +
              1]; /* CODE_NONE: the head line; else a text for a person, "" for the code's own */
    struct buf body;
    bool has_body;
    bool is_last; /* the connection ends behind it */
};

/* Makes the head of a successful answer: always CODE_NONE, so that it can be returned at once. */
enum code reply_ok(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives a refusal a text of its own. Returns code. */
enum code reply_refuse(struct reply *reply, enum code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The code for what a store's call returned beside what its own comment names. */
enum code reply_store_error(struct reply *reply, enum err e);

/* Makes the answer's head line out of code and reply: *head is valid as long as the two. */
struct span reply_head(char line[static WIRE_HEAD_MAX + 1], enum code code,
                       const struct reply *reply);

#endif
