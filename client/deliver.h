/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver.h: seals a message of the outbox and sees that the server has it, once. */
#ifndef SECMSG_CLIENT_DELIVER_H
#define SECMSG_CLIENT_DELIVER_H

#include "outbox.h"
#include "session.h"

/* Bytes that a message may hold on this server; the session is logged in. */
size_t deliver_most(const struct session *s);

/* Checks all, then seals and sends, with the envelope in the outbox before its first byte goes out. When an
 * answer is lost it connects again and repeats the very same, at least once and as long as --timeout; an
 * interruption ends that. The session is logged in; the caller holds HOME_SEND_LOCK.
 *
 * STATUS_OK: the server has it; it went from the outbox into the archive (where that fails it is said, and it is
 * repeated some time). Else the item and its file say what is known: STATUS_UNKNOWN if no answer came at all.
 * Says how it went. */
enum status deliver_item(struct session *s, const struct outbox *outbox,
                         struct outbox_item *item) MUST_USE;

#endif
