/* SPDX-License-Identifier: GPL-3.0-or-later */
/* logout.c: the word `logout`: removes the keys from this machine, and what an editor left unsealed. */
#include "words.h"

#include "remember.h"
#include "result.h"
#include "say.h"
#include "scratch.h"

#include "base/banned.h"

enum status logout_main(struct session *s, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    struct remember_name name = remember_name(s->host_key, s->user);
    enum err forgotten = remember_forget(&name);
    enum err left = scratch_remove_left(s);
    enum err err = keyring_remove(s->account.dir);
    if (err == ERR_OK && forgotten != ERR_NOT_FOUND)
        err = forgotten;
    if (left != ERR_OK)
        status = say_failure(left, "can't remove what an editor has left");
    if (err == ERR_NOT_FOUND) {
        say("%s isn't logged in here.", s->user);
        status = STATUS_NO_PERMISSION;
    } else if (err != ERR_OK) {
        status = say_failure(err, "can't remove the keys");
    } else {
        say("logged out: the keys of %s were removed from this machine.", s->user);
        enum status printed = result_print_account(s, "logged-out");
        status = status == STATUS_OK ? printed : status;
    }
    session_forget_user(s);
    return status;
}
