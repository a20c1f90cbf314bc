/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: IPv4 is handled as IPv6 has it mapped, so that a network is one kind of thing. */
#include "guard/source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/conf.h"

#include "base/banned.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const uint8_t address[static 16])
{
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static void map(uint8_t address[static 16], const struct in_addr *from)
{
    memcpy(address, mapped, sizeof(mapped));
    memcpy(address + sizeof(mapped), from, 4);
}

/* ::1 and what else is below ::1:0:0:0:0 would be 0, which is local. */
static uint64_t source_of(const uint8_t address[static 16])
{
    uint64_t high = bytes_get_be64(address), low = bytes_get_be64(address + 8);
    if (is_mapped(address))
        return low & UINT32_MAX;
    return high > UINT32_MAX ? high : 1;
}

void source_peer_from(struct source_peer *peer, const struct sockaddr_storage *address)
{
    *peer = (struct source_peer){.source = SOURCE_LOCAL};
    if (address->ss_family == AF_INET)
        map(peer->address, &((const struct sockaddr_in *)address)->sin_addr);
    else if (address->ss_family == AF_INET6)
        memcpy(peer->address, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    else
        return;
    peer->source = source_of(peer->address);
}

void source_peer_of(struct source_peer *peer, int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    if (getpeername(fd, (struct sockaddr *)&address, &len) != 0)
        address.ss_family = AF_UNSPEC;
    source_peer_from(peer, &address);
}

void source_peer_text(const struct source_peer *peer, char text[static SOURCE_TEXT_SIZE])
{
    if (peer->source == SOURCE_LOCAL)
        snprintf(text, SOURCE_TEXT_SIZE, "local");
    else if (is_mapped(peer->address))
        inet_ntop(AF_INET, peer->address + sizeof(mapped), text, SOURCE_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, peer->address, text, SOURCE_TEXT_SIZE);
}

bool source_is_ipv4(uint64_t source)
{
    return source <= UINT32_MAX && source > 1;
}

void source_text(uint64_t source, char text[static SOURCE_TEXT_SIZE])
{
    struct source_peer peer = {.source = source};
    struct in_addr address = {.s_addr = htonl((uint32_t)source)};
    if (source_is_ipv4(source))
        map(peer.address, &address);
    else if (source > 1)
        bytes_put_be64(peer.address, source);
    source_peer_text(&peer, text);
    if (source != SOURCE_LOCAL && !source_is_ipv4(source))
        snprintf(text + strlen(text), SOURCE_TEXT_SIZE - strlen(text), "/64");
}

/* An address, and behind a slash how many bits of it count. */
static enum err parse_network(const char *text, uint8_t address[static 16], uint8_t *bits)
{
    char host[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    size_t len = strcspn(text, "/");
    uint64_t n = 128, most = 128;
    if (len >= sizeof(host))
        return ERR_MALFORMED;
    snprintf(host, sizeof(host), "%.*s", (int)len, text);
    if (inet_pton(AF_INET, host, &ipv4) == 1) {
        map(address, &ipv4);
        n = most = 32;
    } else if (inet_pton(AF_INET6, host, address) != 1) {
        return ERR_MALFORMED;
    }
    if (text[len] == '/' && conf_number(text + len + 1, 0, most, &n))
        return ERR_MALFORMED;
    *bits = (uint8_t)(n + 128 - most);
    return ERR_OK;
}

enum err source_parse(const char *text, uint64_t *source)
{
    uint8_t address[16], bits;
    enum err e = parse_network(text, address, &bits);
    if (e)
        return e;
    if (bits != 128 && (bits != 64 || is_mapped(address)))
        return ERR_MALFORMED;
    *source = source_of(address);
    return ERR_OK;
}

static enum err add_network(struct source_list *list, const char *text)
{
    if (list->n == SOURCE_LIST_MAX)
        return ERR_TOO_LARGE;
    enum err e =
        parse_network(text, list->networks[list->n].address, &list->networks[list->n].bits);
    list->n += !e;
    return e;
}

enum err source_list_parse(struct source_list *list, const char *text)
{
    char one[SOURCE_TEXT_SIZE];
    static const char separators[] = ", \t";
    struct source_list parsed = {.n = 0};
    enum err e = *text == '\0' ? ERR_MALFORMED : ERR_OK;
    bool is_none = strcmp(text, "none") == 0;
    while (*text != '\0' && !e && !is_none) {
        size_t len = strcspn(text, separators);
        snprintf(one, sizeof(one), "%.*s", (int)(len < sizeof(one) ? len : sizeof(one) - 1), text);
        if (len >= sizeof(one))
            e = ERR_MALFORMED;
        else if (len > 0)
            e = add_network(&parsed, one);
        text += len;
        text += strspn(text, separators);
    }
    if (!e && !is_none && parsed.n == 0)
        e = ERR_MALFORMED;
    if (!e)
        *list = parsed;
    return e;
}

static bool is_within(const uint8_t address[static 16], const uint8_t network[static 16],
                      unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, network, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

bool source_list_has(const struct source_list *list, const struct source_peer *peer)
{
    if (peer->source == SOURCE_LOCAL)
        return false;
    for (unsigned i = 0; i < list->n; i++)
        if (is_within(peer->address, list->networks[i].address, list->networks[i].bits))
            return true;
    return false;
}
