/* confine.h: what the handler gives up before it reads the first byte. */
#ifndef SECMSG_HANDLER_CONFINE_H
#define SECMSG_HANDLER_CONFINE_H

#include "base/error.h"

/* No new privileges, no core file, no tracing by other processes of the same user. ERR_IO, logged. */
enum err confine_self(void) MUST_USE;

#endif
