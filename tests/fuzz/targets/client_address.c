/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server's address as somebody pasted it: its text is an address of its own, and the same one. */
#include "client/address.h"

#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

void fuzz_one(struct span in)
{
    char text[1024];
    struct address address, again;
    enum err e = address_parse(&address, fuzz_text(in, text, sizeof(text)));
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e)
        return;
    int port = atoi(address.port);
    FUZZ_HOLDS(port >= 1 && port <= 65535 && address.port[0] != '0');
    FUZZ_HOLDS(address.host[0] != '\0' && address.host[0] != '-');
    FUZZ_HOLDS(fuzz_is_printable(span_str(address.text)) && strchr(address.text, ' ') == NULL);
    FUZZ_HOLDS(address.pin[0] == '\0' || hash_is_fingerprint(span_str(address.pin)));
    FUZZ_OK(address_parse(&again, address.text));
    FUZZ_HOLDS(strcmp(again.host, address.host) == 0 && strcmp(again.port, address.port) == 0);
    FUZZ_HOLDS(strcmp(again.text, address.text) == 0);
}
