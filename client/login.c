/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login.c: the word `login`: fetches the keys of an account, and keeps them sealed on this machine. */
#include "words.h"

#include <errno.h>
#include <string.h>

#include "authenticate.h"
#include "input.h"
#include "password.h"
#include "remember.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

/* The login stands, whatever becomes of this. */
static enum status remember(const struct session *s)
{
    struct remember_name name = remember_name(s->host_key, s->user);
    enum err err = remember_keep(&name, s->ring.root, s->options.remember);
    if (err == ERR_OK)
        return STATUS_OK;
    say("can't remember the keys: %s. You are logged in, and the password is asked for as ever.",
        err == ERR_UNSUPPORTED
            ? "the kernel keeps no keys for you here, as is usual in containers (keyrings(7))"
            : strerror(errno));
    return STATUS_OS;
}

/* Before the password is asked for: a newcomer may have no account yet. */
static void hint(const struct session *s)
{
    if (s->is_prompt && input_is_terminal() && home_first_login(s->account.dir) == 0)
        say("%s is new on this machine: type the password of the account, or Ctrl-C and `register "
            "%s` if there is none yet.",
            s->user, s->user);
}

enum status login_main(struct session *s, int argc, char *argv[])
{
    char name[FIELD_USER_SIZE];
    struct session_user former;
    enum status status = argc > 1 ? session_take_name(name, argv[1]) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    session_set_aside(s, &former);
    status = password_read_given(s);
    if (status == STATUS_OK)
        status = session_choose_user(s, argc > 1 ? name : NULL);
    if (status == STATUS_OK) {
        hint(s);
        status = authenticate_asking(s);
    }
    session_settle(s, &former, status);
    if (status == STATUS_OK) {
        authenticate_say_welcome(s);
        result_say_outbox(s);
        status = result_print_account(s, "logged-in");
    }
    if (status == STATUS_OK && s->options.remember > 0)
        status = remember(s);
    return status;
}
