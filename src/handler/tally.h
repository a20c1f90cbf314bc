/* tally.h: what a session tells the guard: what was done, for the counters, and what is held against its source. */
#ifndef SECMSG_HANDLER_TALLY_H
#define SECMSG_HANDLER_TALLY_H

#include "handler/session.h"

/* A handshake that failed with this. */
void tally_hello(struct session *session, enum err e);

/* Input that is no command. */
void tally_input(struct session *session, enum err e);

/* Before login more was used up than there is. */
void tally_excess(struct session *session);

/* A command was carried out: with its own code, before refusals are counted, and how long it took. */
void tally_command(struct session *session, const struct command *command, enum code code,
                   const struct reply *reply, uint64_t us);

/* What was read and written since the last time. */
void tally_bytes(struct session *session);

#endif
