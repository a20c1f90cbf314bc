/* SPDX-License-Identifier: GPL-3.0-or-later */
/* send.c: the word `send`: one letter for each of the recipients that are named. A wrong name among them is
 * found before anything is sent to the others. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "recall.h"
#include "say.h"
#include "source.h"

#include "base/banned.h"

static enum status check_words(const struct session *s, int argc, char *argv[], bool is_dash)
{
    int users = argc - 1 - is_dash;
    if (users < 1 && s->options.reply == NULL) {
        say("send to whom? Type: %ssend USER... [-m TEXT | -f FILE | -]", say_command());
        return STATUS_USAGE;
    }
    for (int i = 1; i <= users; i++) {
        if (strcmp(argv[i], "-") == 0) {
            say("a lone - stands behind all names: it means standard input.");
            return STATUS_USAGE;
        }
    }
    enum status status = source_check(s, is_dash, "send");
    if (status == STATUS_OK && s->is_prompt && source_is_stdin(s)) {
        struct visible_value to = visible_value(span_str(users > 0 ? argv[1] : "USER"));
        say("at the prompt, type `compose %s` to write a message, or give -m \"TEXT\" or -f FILE.",
            to.text);
        return STATUS_USAGE;
    }
    return status;
}

static void add_name(char (*to)[FIELD_USER_SIZE], size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(to[i], name) == 0)
            return;
    }
    memcpy(to[*n], name, strlen(name) + 1);
    ++*n;
}

static enum status take_names(char (*to)[FIELD_USER_SIZE], size_t *n, int users, char *argv[])
{
    enum status status = STATUS_OK;
    for (int i = 1; i <= users && status == STATUS_OK; i++) {
        char name[FIELD_USER_SIZE];
        status = session_take_name(name, argv[i]);
        if (status == STATUS_OK)
            add_name(to, n, name);
    }
    return status;
}

static enum status send_to(struct session *s, char (*to)[FIELD_USER_SIZE], size_t n)
{
    char peer[FIELD_USER_SIZE];
    struct letter letter = {.name = NULL};
    struct buf data = BUF_INIT(CONNECTION_LINE_MAX);
    enum status status = source_gather(s, &letter, &data, "sent");
    if (status == STATUS_OK && s->options.reply != NULL) {
        status = recall_peer(s, s->options.reply, peer);
        if (status == STATUS_OK)
            add_name(to, &n, peer);
    }
    letter.to = (const char(*)[FIELD_USER_SIZE])to;
    letter.to_count = n;
    if (status == STATUS_OK)
        status = post_letter(s, &letter);
    buf_free(&data);
    return status;
}

enum status send_main(struct session *s, int argc, char *argv[])
{
    size_t n = 0;
    bool is_dash = argc > 1 && strcmp(argv[argc - 1], "-") == 0;
    enum status status = check_words(s, argc, argv, is_dash);
    if (status != STATUS_OK)
        return status;
    char(*to)[FIELD_USER_SIZE] = calloc((size_t)argc + 1, sizeof(*to));
    if (to == NULL)
        return say_failure(ERR_NO_MEMORY, "can't send");
    status = take_names(to, &n, argc - 1 - is_dash, argv);
    if (status == STATUS_OK)
        status = send_to(s, to, n);
    free(to);
    return status;
}
