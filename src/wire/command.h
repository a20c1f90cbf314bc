/* command.h: the grammar of commands, for both ends (protocol 2). */
#ifndef SECMSG_WIRE_COMMAND_H
#define SECMSG_WIRE_COMMAND_H

#include "base/bytes.h"
#include "base/error.h"

enum verb {
    VERB_INFO,
    VERB_SALT,
    VERB_REGISTER,
    VERB_LOGIN,
    VERB_PROVE,
    VERB_WHO,
    VERB_COMPOSE,
    VERB_READ,
    VERB_ACK,
    VERB_LIST,
    VERB_WAIT,
    VERB_PASSWD,
    VERB_DELETE,
    VERB_PING,
    VERB_EXIT,
    VERB_COUNT
};

#define COMMAND_FIELDS_MAX 3

/* A parsed command. Spans point into what was parsed. */
struct command {
    enum verb verb;
    struct span fields[COMMAND_FIELDS_MAX];
    size_t n;
    struct span body; /* empty for verbs without one */
};

/* The verb's name as it stands on the wire. */
const char *command_name(enum verb verb);

/* The fields as a person would be told: "COMPOSE <recipient> <id>". */
const char *command_usage(enum verb verb);

/* The same as plain mode has it: no bodies. */
const char *command_usage_plain(enum verb verb);

/* Splits a head line into a verb and the right number of fields, each at least one byte, and checks that
 * a body is there exactly where the verb has one. ERR_MALFORMED; command->verb is then the verb if that
 * was recognized, else VERB_COUNT. */
enum err command_parse(struct command *command, struct span head, bool has_body,
                       struct span body) MUST_USE;

/* The same for a line of plain mode: no bodies, and COMPOSE's id may be left out (n is 1 then). */
enum err command_parse_plain(struct command *command, struct span line) MUST_USE;

#endif
