/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar of commands: a table of rows, and a split at single spaces. */
#include "wire/command.h"

#include <string.h>

#include "base/banned.h"

struct row {
    const char *name;
    const char *usage;
    size_t least, most; /* fields behind the verb */
    bool has_body;
};

static const struct row rows[VERB_COUNT] = {
    [VERB_INFO] = {"INFO", "INFO", 0, 0, false},
    [VERB_SALT] = {"SALT", "SALT <user>", 1, 1, false},
    [VERB_REGISTER] = {"REGISTER", "REGISTER <user> <secret> [<invite>], and a body", 2, 3, true},
    [VERB_LOGIN] = {"LOGIN", "LOGIN <user> <secret>", 2, 2, false},
    [VERB_PROVE] = {"PROVE", "PROVE <user>, and a body", 1, 1, true},
    [VERB_WHO] = {"WHO", "WHO <user>", 1, 1, false},
    [VERB_COMPOSE] = {"COMPOSE", "COMPOSE <recipient> <id>, and a body", 2, 2, true},
    [VERB_READ] = {"READ", "READ", 0, 0, false},
    [VERB_ACK] = {"ACK", "ACK, and a body", 0, 0, true},
    [VERB_LIST] = {"LIST", "LIST", 0, 0, false},
    [VERB_WAIT] = {"WAIT", "WAIT <seconds>", 1, 1, false},
    [VERB_PASSWD] = {"PASSWD", "PASSWD <old secret> <new secret>, and a body", 2, 2, true},
    [VERB_DELETE] = {"DELETE", "DELETE <secret>", 1, 1, false},
    [VERB_PING] = {"PING", "PING", 0, 0, false},
    [VERB_EXIT] = {"EXIT", "EXIT", 0, 0, false},
};

const char *command_name(enum verb verb)
{
    return verb < VERB_COUNT ? rows[verb].name : "?";
}

const char *command_usage(enum verb verb)
{
    return verb < VERB_COUNT ? rows[verb].usage : "a command in capital letters";
}

const char *command_usage_plain(enum verb verb)
{
    switch (verb) {
    case VERB_REGISTER:
        return "REGISTER <user> <password> [<invite>]";
    case VERB_LOGIN:
        return "LOGIN <user> <password>";
    case VERB_COMPOSE:
        return "COMPOSE <recipient> [<id>], and a line with the text";
    case VERB_PASSWD:
        return "PASSWD <old password> <new password>";
    case VERB_DELETE:
        return "DELETE <password>";
    default:
        return command_usage(verb);
    }
}

/* Takes the field up to the next space, or to the end; *has_more says that a space followed. */
static struct span take_field(struct span *rest, bool *has_more)
{
    const uint8_t *space = rest->len > 0 ? memchr(rest->data, ' ', rest->len) : NULL;
    struct span field = span_of(rest->data, space ? (size_t)(space - rest->data) : rest->len);
    *has_more = space != NULL;
    size_t taken = field.len + (space ? 1 : 0);
    if (taken > 0)
        *rest = span_of(rest->data + taken, rest->len - taken);
    return field;
}

static enum verb find_verb(struct span name)
{
    for (enum verb verb = 0; verb < VERB_COUNT; verb++)
        if (span_is(name, rows[verb].name))
            return verb;
    return VERB_COUNT;
}

/* Verb and fields, whatever their number is to be. An empty field, also from a second or a last space,
 * is malformed. */
static enum err split(struct command *command, struct span head)
{
    bool has_more;
    *command = (struct command){.verb = VERB_COUNT};
    command->verb = find_verb(take_field(&head, &has_more));
    if (command->verb == VERB_COUNT)
        return ERR_MALFORMED;
    while (has_more) {
        struct span field = take_field(&head, &has_more);
        if (field.len == 0 || command->n == COMMAND_FIELDS_MAX)
            return ERR_MALFORMED;
        command->fields[command->n++] = field;
    }
    return ERR_OK;
}

enum err command_parse(struct command *command, struct span head, bool has_body, struct span body)
{
    enum err e = split(command, head);
    if (e)
        return e;
    const struct row *row = &rows[command->verb];
    if (command->n < row->least || command->n > row->most || has_body != row->has_body)
        return ERR_MALFORMED;
    command->body = body;
    return ERR_OK;
}

enum err command_parse_plain(struct command *command, struct span line)
{
    enum err e = split(command, line);
    if (e)
        return e;
    const struct row *row = &rows[command->verb];
    /* The handler picks an id that was left out. */
    size_t least = command->verb == VERB_COMPOSE ? 1 : row->least;
    return command->n < least || command->n > row->most ? ERR_MALFORMED : ERR_OK;
}
