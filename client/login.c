/* SPDX-License-Identifier: GPL-3.0-or-later */
/* login.c: the word `login`: fetches the keys of an account, and keeps them sealed on this machine. */
#include "words.h"

#include "authenticate.h"
#include "password.h"

#include "base/banned.h"

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
    if (status == STATUS_OK)
        status = authenticate_asking(s);
    session_settle(s, &former, status);
    if (status == STATUS_OK)
        authenticate_say_welcome(s);
    return status;
}
