/* SPDX-License-Identifier: GPL-3.0-or-later */
/* delete_account.c: the word `delete-account`: the account and its mailbox, for good. Nothing is asked of the server
 * before its name was given once more, and the password. */
#include "words.h"

#include <string.h>

#include "base/clock.h"
#include "confirm.h"
#include "input.h"
#include "password.h"
#include "remember.h"
#include "result.h"
#include "say.h"
#include "scratch.h"
#include "terminal.h"

#include "base/banned.h"

#define LINE_MAX_BYTES 256

static enum status check_name(const struct session *s, const char *typed)
{
    char name[FIELD_USER_SIZE];
    enum status status = session_take_name(name, typed);
    if (status != STATUS_OK)
        return status;
    if (strcmp(name, s->user) == 0)
        return STATUS_OK;
    say("that isn't the name of the account, which is %s; nothing was deleted.", s->user);
    return STATUS_USAGE;
}

static enum status ask_name(const struct session *s)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char name[LINE_MAX_BYTES + 1];
    say("This deletes the account %s, and all messages that wait for it, for good. Nobody can have "
        "its name again.",
        s->user);
    enum err err = s->is_prompt ? input_read_line("Type its name to delete it: ", INPUT_TEXT, &line)
                                : terminal_ask("Type its name to delete it: ", &line);
    bool is_typed = err == ERR_OK && span_to_text(buf_span(&line), name, sizeof(name));
    buf_free(&line);
    if (is_typed)
        return check_name(s, name);
    say("no name was given; nothing was deleted.");
    return STATUS_USAGE;
}

static enum status confirm_name(const struct session *s)
{
    if (s->options.yes != NULL)
        return check_name(s, s->options.yes);
    if (s->is_prompt || terminal_can_ask())
        return ask_name(s);
    say("there is nobody to ask: standard input isn't a terminal. Say which account with --yes "
        "NAME.");
    return STATUS_USAGE;
}

static enum status ask_delete(struct session *s)
{
    char secret[STRETCH_SECRET_SIZE];
    struct question question = {.verb = VERB_DELETE, .n = 1};
    struct answer answer;
    enum status status = confirm_secret(s, s->ring.root, secret);
    if (status != STATUS_OK)
        return status;
    question.fields[0] = span_str(secret);
    status = connection_ask(&s->connection, &question, &answer);
    bytes_wipe(secret, sizeof(secret));
    if (status != STATUS_OK) {
        say("It isn't known whether the account was deleted: if `%sread` is refused, it is gone.",
            say_command());
        return STATUS_UNKNOWN;
    }
    if (answer.kind == ANSWER_ERR)
        return say_refusal(&answer);
    return answer.kind == ANSWER_OK ? STATUS_OK : say_nonsense("DELETE");
}

static enum status clean_up(struct session *s)
{
    struct remember_name name = remember_name(s->host_key, s->user);
    struct visible_value dir = visible_value(span_str(s->account.path));
    enum err err = remember_forget(&name);
    say("the account %s is deleted.", s->user);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = keyring_remove(s->account.dir);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = scratch_remove_left(s);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = home_note_deleted(s->account.dir, clock_wall());
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return say_failure(err, "can't remove its keys and texts from this machine");
    say("Its archive is still in %s, and opens with a backup of the keys alone. Remove the "
        "directory if you don't want it.",
        dir.text);
    return result_print_account(s, "deleted");
}

enum status delete_account_main(struct session *s, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    enum status status = password_read_given(s);
    if (status == STATUS_OK)
        status = session_choose_user(s, NULL);
    if (status == STATUS_OK)
        status = confirm_name(s);
    if (status != STATUS_OK && !password_is_given(s))
        password_pass_over(s);
    if (status == STATUS_OK)
        status = confirm_password(s);
    if (status == STATUS_OK)
        status = ask_delete(s);
    if (status != STATUS_OK)
        return status;
    status = clean_up(s);
    session_forget_user(s);
    return status;
}
