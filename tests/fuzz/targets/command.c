/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines: what is taken is written again as it was. */
#include "wire/command.h"

#include "tests/fuzz/fuzz.h"
#include "wire/frame.h"

void fuzz_start(void)
{
}

static void check_again(const struct command *command, struct span head)
{
    struct buf again = BUF_INIT(65536);
    FUZZ_HOLDS(command->verb < VERB_COUNT && command->n <= COMMAND_FIELDS_MAX);
    FUZZ_OK(buf_append_str(&again, command_name(command->verb)));
    for (size_t i = 0; i < command->n; i++) {
        FUZZ_HOLDS(command->fields[i].len > 0 &&
                   memchr(command->fields[i].data, ' ', command->fields[i].len) == NULL);
        FUZZ_OK(buf_append_byte(&again, ' '));
        FUZZ_OK(buf_append_span(&again, command->fields[i]));
    }
    FUZZ_HOLDS(span_equal(buf_span(&again), head));
    buf_free(&again);
}

void fuzz_one(struct span in)
{
    struct frame_parts parts;
    struct command command;
    if (frame_split(&parts, in) != ERR_OK)
        return;
    enum err e = command_parse(&command, parts.head, parts.has_body, parts.body);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK) {
        check_again(&command, parts.head);
        FUZZ_HOLDS(span_equal(command.body, parts.body));
    } else if (command.verb < VERB_COUNT) {
        FUZZ_HOLDS(*command_usage(command.verb) != '\0');
    }
    e = command_parse_plain(&command, parts.head);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK)
        check_again(&command, parts.head);
}
