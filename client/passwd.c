/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passwd.c: the word `passwd`: another password for the same keys. The server has the new one first: until it says
 * so, the old one stays here, and a login finds out which of the two counts. */
#include "words.h"

#include "authenticate.h"
#include "base/clock.h"
#include "confirm.h"
#include "password.h"
#include "remember.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

static enum status ask_with(struct session *s, const char *old_secret, const char *new_secret,
                            struct span body)
{
    struct question question = {.verb = VERB_PASSWD,
                                .fields = {span_str(old_secret), span_str(new_secret)},
                                .n = 2,
                                .body = &body};
    struct answer answer;
    enum status status = connection_ask(&s->connection, &question, &answer);
    if (status != STATUS_OK) {
        say("It isn't known whether the password was changed: log in with the new one, and if that "
            "is refused, with the old one.");
        return STATUS_UNKNOWN;
    }
    if (answer.kind == ANSWER_ERR)
        return say_refusal(&answer);
    return answer.kind == ANSWER_OK ? STATUS_OK : say_nonsense("PASSWD");
}

static enum status tell_server(struct session *s, const struct keyring_lock *lock)
{
    char old_secret[STRETCH_SECRET_SIZE], new_secret[STRETCH_SECRET_SIZE];
    struct buf body = BUF_INIT(2 * VAULT_TOKEN_MAX);
    enum err err = lock_body_make(&body, lock->salt, buf_span(&lock->token));
    enum status status =
        err == ERR_OK ? STATUS_OK : say_failure(err, "can't seal the keys under the new password");
    if (status == STATUS_OK)
        status = confirm_secret(s, s->ring.root, old_secret);
    if (status == STATUS_OK)
        status = confirm_secret(s, lock->root, new_secret);
    if (status == STATUS_OK)
        status = ask_with(s, old_secret, new_secret, buf_span(&body));
    bytes_wipe(old_secret, sizeof(old_secret));
    bytes_wipe(new_secret, sizeof(new_secret));
    buf_free(&body);
    return status;
}

/* What was remembered opens nothing any more. */
static enum status keep_here(struct session *s, const struct keyring_lock *lock)
{
    struct remember_name name = remember_name(s->host_key, s->user);
    enum err forgotten = remember_forget(&name);
    enum err err = keyring_take_lock(&s->ring, lock);
    if (err == ERR_OK)
        err = keyring_save(&s->ring, s->account.dir);
    if (err != ERR_OK) {
        say("the password was changed, but that can't be kept here: log in again with the new "
            "one.");
        return say_failure(err, s->account.path);
    }
    say("the password of %s was changed. Other machines ask for it; what their keys opened, the "
        "old "
        "password still opens there.",
        s->user);
    if (forgotten == ERR_OK)
        say("What `login --remember` kept was forgotten.");
    return result_print_account(s, "changed");
}

static enum status change(struct session *s, struct span password)
{
    struct keyring_lock lock;
    enum err err = keyring_make_lock(&s->ring, password, clock_wall(), &lock);
    enum status status = err == ERR_OK
                             ? tell_server(s, &lock)
                             : say_failure(err, "can't seal the keys under the new password");
    if (status == STATUS_OK)
        status = keep_here(s, &lock);
    keyring_free_lock(&lock);
    return status;
}

/* The server doesn't wait while a person thinks of a password, and a script's is read before anything is
 * started. */
enum status passwd_main(struct session *s, int argc, char *argv[])
{
    struct buf password = BUF_INIT(PASSWORD_BUF_MAX);
    bool is_given = s->options.new_password_file != NULL || s->options.new_password_fd >= 0;
    (void)argc;
    (void)argv;
    enum status status = is_given ? password_get_new(s, &password) : STATUS_OK;
    if (status == STATUS_OK)
        status = confirm_password(s);
    if (status != STATUS_OK && !is_given)
        password_pass_over(s);
    if (status == STATUS_OK && !is_given) {
        connection_close(&s->connection);
        s->is_logged_in = false;
        status = password_get_new(s, &password);
        if (status == STATUS_OK)
            status = authenticate_session(s);
    }
    if (status == STATUS_OK)
        status = change(s, buf_span(&password));
    buf_free(&password);
    return status;
}
