/* SPDX-License-Identifier: GPL-3.0-or-later */
/* register.c: the word `register`: makes keys and an account. What the server gets is useless to it
 * without the password. */
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "authenticate.h"
#include "base/clock.h"
#include "base/file.h"
#include "input.h"
#include "password.h"
#include "pins.h"
#include "result.h"
#include "say.h"
#include "terminal.h"

#include "base/banned.h"

#define INVITE_MAX 128

static enum status ask_register(struct session *s, const char *secret, struct span invite)
{
    struct question question = {.verb = VERB_REGISTER,
                                .fields = {span_str(s->user), span_str(secret)},
                                .n = 2};
    struct buf text = BUF_INIT(WIRE_PRELOGIN_LINE_MAX);
    struct answer answer;
    enum err err = account_body_make(&text, s->ring.salt, buf_span(&s->ring.identity),
                                     buf_span(&s->ring.token));
    if (err != ERR_OK) {
        buf_free(&text);
        return say_failure(err, "can't make the account");
    }
    struct span body = buf_span(&text);
    question.body = &body;
    if (invite.len > 0)
        question.fields[question.n++] = invite;
    enum status status = connection_ask(&s->connection, &question, &answer);
    buf_free(&text);
    if (status != STATUS_OK) {
        say("It isn't known whether the account was made. Try to log in as %s with the same "
            "password; "
            "if that is refused, register again.",
            s->user);
        return status;
    }
    if (answer.kind == ANSWER_ERR)
        return say_refusal(&answer);
    return answer.kind == ANSWER_OK ? STATUS_OK : say_nonsense("REGISTER");
}

static enum status keep_new_keys(struct session *s)
{
    enum err err = pins_add_identity(s->account.dir, buf_span(&s->ring.identity));
    if (err == ERR_OK || err == ERR_DUPLICATE)
        err = keyring_save(&s->ring, s->account.dir);
    if (err == ERR_OK)
        return STATUS_OK;
    say("the account was made, but its keys can't be kept here. Log in to fetch them again.");
    return say_failure(err, s->account.path);
}

static enum status make_account(struct session *s, struct span password, struct span invite)
{
    uint8_t root[STRETCH_ROOT_LEN] = {0};
    char secret[STRETCH_SECRET_SIZE];
    enum status status = STATUS_OK;
    say("making keys for %s; this takes a few seconds...", s->user);
    enum err err = keyring_make(&s->ring, s->user, password, root, clock_wall());
    if (err != ERR_OK)
        status = say_failure(err, "can't make keys");
    if (status == STATUS_OK)
        status = session_connect(s);
    if (status == STATUS_OK) {
        err = stretch_secret(secret, root, s->connection.host_key, span_str(s->user));
        status = err == ERR_OK ? ask_register(s, secret, invite)
                               : say_failure(err, "can't stretch the password");
        bytes_wipe(secret, sizeof(secret));
    }
    bytes_wipe(root, sizeof(root));
    if (status == STATUS_OK)
        status = keep_new_keys(s);
    if (status == STATUS_OK) {
        s->unread = 0;
        return authenticate_finish(s);
    }
    keyring_clear(&s->ring);
    connection_close(&s->connection);
    return status;
}

static bool is_invite(struct span invite)
{
    for (size_t i = 0; i < invite.len; i++) {
        if (invite.data[i] <= ' ' || invite.data[i] > '~')
            return false;
    }
    return invite.len >= 1 && invite.len <= INVITE_MAX;
}

static enum status read_invite(const char *path, struct buf *invite)
{
    enum err err = file_read(AT_FDCWD, path, invite);
    if (err == ERR_OK && invite->len > 0 && invite->data[invite->len - 1] == '\n')
        buf_truncate(invite, invite->len - 1);
    if (err == ERR_OK || err == ERR_TOO_LARGE)
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(path));
    say("can't read the invitation from %s: %s.", shown.text,
        err == ERR_IO ? strerror(errno) : err_text(err));
    return STATUS_NO_INPUT;
}

static enum status check_invite(struct span invite)
{
    if (is_invite(invite))
        return STATUS_OK;
    say("that can't be an invitation: it is one word of at most %d characters.", INVITE_MAX);
    return STATUS_USAGE;
}

/* *invite stays empty if none was given. */
static enum status take_invite(const struct options *options, struct buf *invite)
{
    enum status status = STATUS_OK;
    if (options->invite == NULL && options->invite_file == NULL)
        return STATUS_OK;
    if (options->invite != NULL && options->invite_file != NULL) {
        say("give either --invite or --invite-file, not both.");
        return STATUS_USAGE;
    }
    if (options->invite_file != NULL)
        status = read_invite(options->invite_file, invite);
    else if (buf_append_str(invite, options->invite) != ERR_OK)
        buf_clear(invite);
    return status == STATUS_OK ? check_invite(buf_span(invite)) : status;
}

static enum status ask_invite(struct buf *invite)
{
    if (!terminal_can_ask()) {
        say("this server wants an invitation: ask whoever runs it for one, and give it with "
            "--invite-file FILE or --invite TOKEN.");
        return STATUS_NO_PERMISSION;
    }
    say("this server wants an invitation: whoever runs it makes one.");
    enum err err = terminal_ask_secret("Invitation: ", invite);
    if (err == ERR_OK || err == ERR_TOO_LARGE)
        return check_invite(buf_span(invite));
    if (err != ERR_CLOSED && err != ERR_DENIED)
        return say_failure(err, "can't ask for the invitation");
    say("no invitation was given; nothing was done.");
    return STATUS_USAGE;
}

/* A pinned identity of that name means that the account was there before: new keys would look to
 * everybody like an impostor's. */
static enum status check_unknown(struct session *s)
{
    struct identity pinned;
    enum err err = pins_find_identity(s->account.dir, s->user, &pinned);
    if (err == ERR_NOT_FOUND)
        return STATUS_OK;
    if (err != ERR_OK)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    struct visible_value dir = visible_value(span_str(s->account.path));
    if (home_is_deleted(s->account.dir))
        say("the account %s was deleted from this machine, and its name stays reserved at the "
            "server: choose another.",
            s->user);
    else
        say("%s has, or had, an account here already, with the identity %s. Log in instead, or "
            "choose another name; that of an account that was deleted stays reserved.",
            s->user, pinned.fingerprint);
    say("If whoever runs the server has reset it, and invites you to it, move %s away first.",
        dir.text);
    return STATUS_CANT_CREATE;
}

/* What the server would refuse anyway is told before somebody thinks of a password; an invitation is asked for. */
static enum status check_open(struct session *s, struct buf *invite)
{
    enum status status = session_connect(s);
    if (status == STATUS_OK)
        status = session_learn_limits(s);
    /* The server doesn't wait while somebody types. */
    connection_close(&s->connection);
    if (status != STATUS_OK)
        return status;
    if (s->is_closed && invite->len == 0) {
        say("this server takes no new accounts by itself: ask whoever runs it.");
        return STATUS_NO_PERMISSION;
    }
    return s->wants_invite && invite->len == 0 ? ask_invite(invite) : STATUS_OK;
}

/* From a pipe the password is the next line, which must never be run as a word, or shown. */
static void pass_over_password(struct session *s, struct buf *password)
{
    if (s->is_prompt && !input_is_terminal() && password_get(s, true, password) != STATUS_OK)
        buf_clear(password);
}

static enum status make_for(struct session *s, const char *user, struct buf *invite)
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    enum status status = password_read_given(s);
    if (status == STATUS_OK)
        status = session_choose_user(s, user);
    if (status == STATUS_OK)
        status = check_unknown(s);
    if (status == STATUS_OK)
        status = check_open(s, invite);
    if (status != STATUS_OK)
        pass_over_password(s, &password);
    else
        status = password_get(s, true, &password);
    if (status == STATUS_OK)
        status = make_account(s, buf_span(&password), buf_span(invite));
    buf_free(&password);
    return status;
}

enum status register_main(struct session *s, int argc, char *argv[])
{
    char user[FIELD_USER_SIZE];
    struct session_user former;
    struct buf invite = BUF_INIT(INVITE_MAX + 1);
    const char *name = argc > 1 ? argv[1] : s->options.user;
    if (name == NULL) {
        say("register whom? Give a name with --user NAME.");
        return STATUS_USAGE;
    }
    enum status status = session_take_name(user, name);
    if (status == STATUS_OK)
        status = take_invite(&s->options, &invite);
    if (status == STATUS_OK) {
        session_set_aside(s, &former);
        status = make_for(s, user, &invite);
        session_settle(s, &former, status);
    }
    buf_free(&invite);
    if (status == STATUS_OK) {
        say("registered and logged in as %s. Your identity:", s->user);
        say("  %s", s->ring.self.fingerprint);
        status = result_print_account(s, "registered");
    }
    return status;
}
