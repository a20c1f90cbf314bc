/* shown.h: plain mode has no ACK: the next READ, or EXIT, acknowledges what was delivered before. */
#ifndef SECMSG_HANDLER_SHOWN_H
#define SECMSG_HANDLER_SHOWN_H

#include "handler/session.h"

/* Remembers that a message was given out. Nothing outside plain mode. */
enum err shown_add(struct session *session, const char *id) MUST_USE;

/* Acknowledges what was given out, and whose answer was sent, since the last call. A store's errors. */
enum err shown_acknowledge(struct session *session) MUST_USE;

#endif
