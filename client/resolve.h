/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve.h: the addresses of a host, by a deadline. */
#ifndef SECMSG_CLIENT_RESOLVE_H
#define SECMSG_CLIENT_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

#include "address.h"
#include "status.h"

/* *list is for freeaddrinfo. Says why there is none: STATUS_NO_HOST, or STATUS_TEMPORARY if nobody answered in time,
 * or it was interrupted. */
enum status resolve_address(const struct address *address, uint64_t deadline_ms,
                            struct addrinfo **list) MUST_USE;

#endif
