/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word_show.c: the word `show`: a message of the archive, once more. */
#include "words.h"

#include <unistd.h>

#include "recall.h"
#include "say.h"
#include "show.h"

#include "base/banned.h"

static enum status show(const struct session *s, const struct recalled *recalled)
{
    struct shown shown = {.received = &recalled->received,
                          .inspected = &recalled->inspected,
                          .first_login = home_first_login(s->account.dir),
                          .is_sent = recalled->record.kind == RECORD_SENT,
                          .is_archived = true,
                          .is_json = s->options.is_json,
                          .is_withheld = !show_is_text(&recalled->inspected)};
    enum err err = s->options.is_raw
                       ? show_raw(show_data(&recalled->received, &recalled->inspected))
                       : show_message(&shown);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't show the message");
}

enum status word_show_main(struct session *s, int argc, char *argv[])
{
    struct recalled recalled;
    if (argc < 2) {
        say("show what? Type: %sshow ID [--raw]; `%shistory` lists ids.", say_command(),
            say_command());
        return STATUS_USAGE;
    }
    if (s->options.is_raw && isatty(STDOUT_FILENO) == 1) {
        say("--raw doesn't write to a terminal: what others wrote could drive it. Redirect it to a "
            "file or a pipe.");
        return STATUS_USAGE;
    }
    enum status status = recall_message(s, argv[1], &recalled);
    if (status == STATUS_OK)
        status = show(s, &recalled);
    recall_free(&recalled);
    return status;
}
