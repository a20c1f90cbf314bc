/* budget.h: what a connection may use up before it has logged in. Deadlines bound its seconds, WIRE_PRELOGIN_LINE_MAX
 * its memory; a login lifts all of it. Plain mode isn't held to it. */
#ifndef SECMSG_HANDLER_BUDGET_H
#define SECMSG_HANDLER_BUDGET_H

#include "handler/session.h"

/* Processor time, the process's start included. An honest client takes a few milliseconds. */
#define BUDGET_CPU_US UINT64_C(2000000)

/* Counts a command that has come, and says whether it is one too many. */
bool budget_is_over(struct session *session);

#endif
