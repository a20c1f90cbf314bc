/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h: where a server is: HOST, HOST:PORT, [V6] or [V6]:PORT, or one of these behind secmsg://, where
 * #SHA256:... may follow: the fingerprint of the host key that is expected there. */
#ifndef SECMSG_CLIENT_ADDRESS_H
#define SECMSG_CLIENT_ADDRESS_H

#include "crypto/hash.h"

#define ADDRESS_HOST_MAX 255
#define ADDRESS_SIZE     (ADDRESS_HOST_MAX + sizeof("[]:65535"))

struct address {
    char host[ADDRESS_HOST_MAX + 1]; /* lower case, without brackets */
    char port[6];                    /* decimal, 1-65535 */
    char text[ADDRESS_SIZE];         /* host:port, or [host]:port: what pins are kept under */
    char pin[FINGERPRINT_SIZE];      /* "" if the address has none */
};

/* ERR_MALFORMED. A bare address with two colons or more is taken as IPv6 without a port. */
enum err address_parse(struct address *address, const char *text) MUST_USE;

#endif
