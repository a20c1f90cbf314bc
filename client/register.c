/* SPDX-License-Identifier: GPL-3.0-or-later */
/* register.c: the word `register`: makes keys and an account. What the server gets is useless to it
 * without the password. */
#include "words.h"

#include "authenticate.h"
#include "base/clock.h"
#include "password.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

#define INVITE_MAX 128

static enum status ask_register(struct session *s, const char *secret, const char *invite)
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
    if (invite != NULL)
        question.fields[question.n++] = span_str(invite);
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

static enum status make_account(struct session *s, struct span password, const char *invite)
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

static bool is_invite(const char *invite)
{
    size_t len = 0;
    for (; invite[len] != '\0'; len++) {
        if (invite[len] <= ' ' || invite[len] > '~')
            return false;
    }
    return len >= 1 && len <= INVITE_MAX;
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
    say("%s has an account here already, with the identity %s. Log in instead, or choose another "
        "name.",
        s->user, pinned.fingerprint);
    return STATUS_CANT_CREATE;
}

enum status register_main(struct session *s, int argc, char *argv[])
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    char user[FIELD_USER_SIZE];
    const char *invite = s->options.invite;
    const char *name = argc > 1 ? argv[1] : s->options.user;
    if (name == NULL) {
        say("register whom? Give a name with --user NAME.");
        return STATUS_USAGE;
    }
    if (invite != NULL && !is_invite(invite)) {
        say("that can't be an invitation: it is one word of at most %d characters.", INVITE_MAX);
        return STATUS_USAGE;
    }
    enum status status = session_take_name(user, name);
    if (status != STATUS_OK)
        return status;
    session_forget_user(s);
    status = session_choose_user(s, user);
    if (status == STATUS_OK)
        status = check_unknown(s);
    if (status == STATUS_OK)
        status = password_get(s, true, &password);
    if (status == STATUS_OK)
        status = make_account(s, buf_span(&password), invite);
    buf_free(&password);
    if (status == STATUS_OK) {
        say("registered and logged in as %s. Your identity:", s->user);
        say("  %s", s->ring.self.fingerprint);
    } else {
        session_forget_user(s);
    }
    return status;
}
