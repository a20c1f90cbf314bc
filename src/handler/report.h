/* report.h: what the log says of commands, and of a session when it is over. */
#ifndef SECMSG_HANDLER_REPORT_H
#define SECMSG_HANDLER_REPORT_H

#include "handler/session.h"

/* A session begins. From here on the log is limited (log_limit). */
void report_begin(struct session *session, const char *peer);

/* A command was carried out or refused: debug, info, or error where the server failed. It took `us` microseconds. */
void report_command(struct session *session, const struct command *command, enum code code,
                    const struct reply *reply, uint64_t us);

/* The session is over: one line with the sum of it, a notice where somebody was logged in. That and what follows isn't
 * limited any more. */
void report_end(struct session *session);

#endif
