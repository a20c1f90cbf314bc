/* commands.h: one function for each command of the protocol's table.
 *
 * Each is called in a state in which the table allows it, with the right number of fields and a body where
 * there has to be one. It returns CODE_NONE with the answer's head in reply->text, or the code to refuse with. */
#ifndef SECMSG_HANDLER_COMMANDS_H
#define SECMSG_HANDLER_COMMANDS_H

#include "handler/session.h"

typedef enum code command_function(struct session *, const struct command *, struct reply *);

/* server.c */
command_function command_info, command_ping, command_exit;
/* account.c */
command_function command_salt, command_register, command_passwd, command_delete, command_who;
/* login.c */
command_function command_login, command_prove;
/* compose.c */
command_function command_compose;
/* mailbox.c */
command_function command_read, command_ack, command_list, command_wait;

#endif
