/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.h: the host key of a session's server, held against its pins: that of the file `hosts`, and that of the
 * address. */
#ifndef SECMSG_CLIENT_HOST_H
#define SECMSG_CLIENT_HOST_H

#include "session.h"

/* The key that `hosts` has. ERR_NOT_FOUND, and as pins_find_host. */
enum err host_find_pin(const struct session *s, uint8_t key[static HOST_KEY_LEN]) MUST_USE;

/* Whether the address has no pin of its own, or this one; the other says so if not, and STATUS_CHANGED. */
bool host_suits_address(const struct session *s, const char *fingerprint);
enum status host_compare_address(const struct session *s, const char *now) MUST_USE;

/* Says that --trust=strict pins no key by itself; returns STATUS_CHANGED. */
enum status host_say_unpinned(const struct session *s, const char *now);

/* The two steps of connection.h; context is the session. A key that isn't the pinned one is STATUS_CHANGED, unless
 * it is s->accepted_host; and so, with --trust=strict, is one that nobody pinned or accepted. */
connection_judge host_compare, host_pin;

#endif
