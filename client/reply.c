/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reply.c: the word `reply`: a message to whom an earlier one was from. The protocol has no field for what
 * it answers: only the recipient follows from it. */
#include "words.h"

#include <string.h>

#include "compose.h"
#include "recall.h"
#include "say.h"
#include "source.h"

#include "base/banned.h"

static enum status send_reply(struct session *s, const char *id)
{
    char to[1][FIELD_USER_SIZE];
    struct letter letter = {.to = (const char(*)[FIELD_USER_SIZE])to, .to_count = 1};
    struct buf data = BUF_INIT(CONNECTION_LINE_MAX);
    enum status status = source_gather(s, &letter, &data, "sent");
    if (status == STATUS_OK)
        status = recall_peer(s, id, to[0]);
    if (status == STATUS_OK)
        status = post_letter(s, &letter);
    buf_free(&data);
    return status;
}

/* At the prompt the text is written line by line. */
static enum status compose_reply(struct session *s, char *id)
{
    char to[FIELD_USER_SIZE];
    char compose[] = "compose";
    char *words[] = {compose, to, NULL};
    enum status status = recall_peer(s, id, to);
    if (status == STATUS_OK)
        return compose_main(s, 2, words);
    compose_skip_text();
    return status;
}

enum status reply_main(struct session *s, int argc, char *argv[])
{
    bool is_dash = argc > 2 && strcmp(argv[2], "-") == 0;
    if (argc < 2 || (argc > 2 && !is_dash)) {
        say("reply to what? Type: %sreply ID [-m TEXT | -f FILE | -]", say_command());
        return STATUS_USAGE;
    }
    enum status status = source_check(s, is_dash, "reply");
    if (status != STATUS_OK)
        return status;
    if (s->is_prompt && !is_dash && s->options.message == NULL && s->options.file == NULL)
        return compose_reply(s, argv[1]);
    if (s->is_prompt && source_is_stdin(s)) {
        say("at the prompt, type `reply ID` to write the answer, or give -m \"TEXT\" or -f FILE.");
        return STATUS_USAGE;
    }
    return send_reply(s, argv[1]);
}
