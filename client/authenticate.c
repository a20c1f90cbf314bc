/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authenticate.c: logs in, by the keys of this machine or, where there are none or others, by the password. */
#include "authenticate.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "fetch.h"
#include "password.h"
#include "remember.h"
#include "say.h"
#include "scratch.h"

#include "base/banned.h"

#define TRIES 3

enum status authenticate_finish(struct session *s)
{
    s->is_logged_in = true;
    enum status status = session_learn_limits(s);
    if (status != STATUS_OK)
        return status;
    enum err err = home_note_first_login(s->account.dir, clock_wall());
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't note the first login");
}

enum status authenticate_asking(struct session *s)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < TRIES; i++) {
        struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
        status = password_get(s, false, &password);
        bool was_got = status == STATUS_OK;
        if (was_got)
            status = fetch_by_password(s, buf_span(&password));
        buf_free(&password);
        if (!was_got || status != STATUS_NO_PERMISSION || !password_can_retry(s))
            break;
    }
    if (status == STATUS_OK)
        scratch_recover(s);
    return status;
}

static enum status has_other_salt(struct session *s, bool *is_other)
{
    uint8_t salt[STRETCH_SALT_LEN];
    enum status status = session_connect(s);
    if (status == STATUS_OK)
        status = fetch_salt(s, salt);
    if (status != STATUS_OK)
        return status;
    *is_other = memcmp(salt, s->ring.salt, STRETCH_SALT_LEN) != 0;
    return STATUS_OK;
}

/* The password was set anew, under another salt, or a server that lies says so: a person is asked for the
 * new one, so that what was typed for the old keys isn't sent anywhere; a script has said what to use. */
static enum status log_in_anew(struct session *s, const struct span *password)
{
    if (s->is_typing) {
        connection_close(&s->connection);
        say("Type `login` to log in with the new password.");
        return STATUS_NO_PERMISSION;
    }
    if (password_can_retry(s)) {
        /* The server doesn't wait while somebody types. */
        connection_close(&s->connection);
        say("Type the new password to log in with it, or Ctrl-C to leave it.");
        return authenticate_asking(s);
    }
    if (password != NULL)
        return fetch_by_password(s, *password);
    session_forget_user(s);
    say("Type `login` to log in with the new password.");
    return STATUS_NO_PERMISSION;
}

static enum status say_wrong_password(const struct session *s, bool *is_wrong)
{
    say("wrong password for %s.", s->user);
    *is_wrong = true;
    return STATUS_NO_PERMISSION;
}

/* The password doesn't open the local keys: *is_wrong, or a new one from another machine. */
static enum status try_changed_password(struct session *s, struct span password, bool *is_wrong)
{
    bool is_other = false;
    enum status status = has_other_salt(s, &is_other);
    if (status != STATUS_OK)
        return status;
    if (!is_other) {
        connection_close(&s->connection);
        return say_wrong_password(s, is_wrong);
    }
    say("the password doesn't open the keys on this machine, and the server has other ones: the "
        "password was changed on another machine.");
    return log_in_anew(s, &password);
}

static enum status ask_prove(struct session *s, bool *is_refused)
{
    uint8_t signature[RSA_LEN] = {0};
    struct span body = span_of(signature, sizeof(signature));
    struct question question = {.verb = VERB_PROVE,
                                .fields = {span_str(s->user)},
                                .n = 1,
                                .body = &body};
    struct answer answer;
    *is_refused = false;
    enum err err = login_proof_sign(signature, s->ring.vault.sign, span_str(s->user),
                                    s->connection.keys.transcript, buf_span(&s->ring.token));
    if (err != ERR_OK)
        return say_failure(err, "can't sign the login");
    enum status status = connection_ask(&s->connection, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind == ANSWER_ERR && answer.code == CODE_AUTH_FAILED) {
        *is_refused = true;
        return STATUS_NO_PERMISSION;
    }
    if (answer.kind == ANSWER_ERR)
        return say_refusal(&answer);
    if (answer.kind != ANSWER_OK || answer_count(&answer, &s->unread) != ERR_OK)
        return say_nonsense("PROVE");
    return STATUS_OK;
}

/* The server refuses keys that the password opened. */
static enum status try_refused_keys(struct session *s, const struct span *password)
{
    bool is_other = false;
    enum status status = has_other_salt(s, &is_other);
    if (status != STATUS_OK)
        return status;
    if (!is_other) {
        connection_close(&s->connection);
        say("the password is right for the keys on this machine, and it wasn't changed elsewhere, "
            "but the server refuses %s: the account was deleted, disabled or changed there. Ask "
            "whoever runs the server; `logout` removes the keys from this machine.",
            s->user);
        return STATUS_NO_PERMISSION;
    }
    say("the server doesn't take the keys of this machine any more: the password was changed on "
        "another one, or the account is gone.");
    return log_in_anew(s, password);
}

/* Logs in by the unlocked keys; `password`, where it is at hand, opened them. */
static enum status prove(struct session *s, const struct span *password)
{
    bool is_refused = false;
    enum status status = session_connect(s);
    if (status == STATUS_OK)
        status = ask_prove(s, &is_refused);
    if (status == STATUS_OK)
        return authenticate_finish(s);
    if (is_refused)
        return try_refused_keys(s, password);
    connection_close(&s->connection);
    return status;
}

static enum status load_keys(struct session *s)
{
    enum err err = keyring_load(&s->ring, s->account.dir, s->user);
    if (err == ERR_OK)
        return STATUS_OK;
    if (err != ERR_NOT_FOUND) {
        struct visible_value dir = visible_value(span_str(s->account.path));
        say("the keys in %s can't be used. Remove the file " HOME_KEYS
            " there and log in again: the server has a copy.",
            dir.text);
        return say_failure(err, "keys");
    }
    if (s->is_prompt)
        say("you aren't logged in as %s. Type `login %s`.", s->user, s->user);
    else
        say("%s isn't logged in here. Use `secmsg login --user %s` first.", s->user, s->user);
    return STATUS_NO_PERMISSION;
}

/* What the keys are opened for. */
enum purpose {
    PURPOSE_LOCAL,   /* no server is asked for anything */
    PURPOSE_SEND,    /* a login follows when there is a server */
    PURPOSE_SESSION, /* a login */
};

/* One password, and all that follows from it. *may_retry: it was wrong, and another one may be tried. */
static enum status unlock(struct session *s, enum purpose purpose, bool *may_retry)
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    bool is_wrong = false;
    enum status status = password_get(s, false, &password);
    if (status == STATUS_OK) {
        struct span text = buf_span(&password);
        enum err err = keyring_unlock(&s->ring, text);
        if (err == ERR_OK)
            status = purpose == PURPOSE_SESSION ? prove(s, &text) : STATUS_OK;
        else if (err == ERR_FORGED && purpose == PURPOSE_LOCAL)
            status = say_wrong_password(s, &is_wrong);
        else if (err == ERR_FORGED)
            status = try_changed_password(s, text, &is_wrong);
        else
            status = say_failure(err, "can't open the keys");
    }
    *may_retry = is_wrong && password_can_retry(s);
    buf_free(&password);
    return status;
}

static enum status load_and_unlock(struct session *s, enum purpose purpose)
{
    bool may_retry = true;
    enum status status = password_read_given(s);
    if (status == STATUS_OK)
        status = session_choose_user(s, NULL);
    if (status == STATUS_OK)
        status = load_keys(s);
    if (status != STATUS_OK)
        return status;
    if (remember_unlock(s))
        return purpose == PURPOSE_SESSION ? prove(s, NULL) : STATUS_OK;
    for (int i = 0; i < TRIES && may_retry; i++)
        status = unlock(s, purpose, &may_retry);
    return status;
}

/* What an editor has left can be sealed as soon as the keys are open. */
static enum status open_keys(struct session *s, enum purpose purpose)
{
    enum status status = load_and_unlock(s, purpose);
    if (s->ring.is_unlocked && s->account.dir >= 0)
        scratch_recover(s);
    return status;
}

/* The password at hand may be a new one, if the keys were changed elsewhere since it opened them. */
static enum status prove_unlocked(struct session *s)
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    bool is_given = password_is_given(s);
    enum status status = is_given ? password_get(s, false, &password) : STATUS_OK;
    struct span text = buf_span(&password);
    if (status == STATUS_OK)
        status = prove(s, is_given ? &text : NULL);
    buf_free(&password);
    return status;
}

enum status authenticate_session(struct session *s)
{
    bool was_logged_in = s->is_logged_in;
    if (connection_is_alive(&s->connection) && s->is_logged_in)
        return STATUS_OK;
    if (s->ring.is_unlocked) {
        enum status status = prove_unlocked(s);
        if (status == STATUS_OK && was_logged_in)
            say("connected again.");
        return status;
    }
    enum status status = open_keys(s, PURPOSE_SESSION);
    if (status == STATUS_OK && s->is_prompt)
        authenticate_say_welcome(s);
    return status;
}

enum status authenticate_keys(struct session *s, bool may_connect)
{
    if (s->ring.is_unlocked)
        return STATUS_OK;
    return open_keys(s, may_connect ? PURPOSE_SEND : PURPOSE_LOCAL);
}

void authenticate_say_welcome(const struct session *s)
{
    say("logged in as %s. %" PRIu64 " unread message%s.", s->user, s->unread,
        s->unread == 1 ? "" : "s");
}
