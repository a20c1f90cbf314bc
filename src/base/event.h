/* event.h: what the journal knows each kind of event by. */
#ifndef SECMSG_BASE_EVENT_H
#define SECMSG_BASE_EVENT_H

/* An event's message id, 32 hex digits as sd-id128(3) writes them; NULL for a name that isn't in the table. */
const char *event_id(const char *event);

#endif
