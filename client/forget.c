/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forget.c: the word `forget`: ends what `login --remember` began. The keys stay, sealed. */
#include "words.h"

#include "remember.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

enum status forget_main(struct session *s, int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    struct remember_name name = remember_name(s->host_key, s->user);
    enum err err = remember_forget(&name);
    if (err == ERR_OK)
        say("the keys of %s open by the password alone again.", s->user);
    else if (err == ERR_NOT_FOUND)
        say("nothing is remembered for %s.", s->user);
    else
        return say_failure(err, "can't forget the keys");
    return result_print_account(s, "forgotten");
}
