/* source.h: where a connection comes from: what is counted and penalised as one. */
#ifndef SECMSG_GUARD_SOURCE_H
#define SECMSG_GUARD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* A source is a number: an IPv4 address (below 2^32), or the first 64 bits of an IPv6 address: whoever has one
 * address there has all 2^64. No global address's are below 2^32 (RFC 4291), so that the two don't meet. */
#define SOURCE_LOCAL UINT64_C(0) /* a pipe, a socket of this machine: no source of its own */

/* The other end of a connection. */
struct source_peer {
    uint8_t address[16]; /* IPv6, or IPv4 mapped into it; zeros for local */
    uint64_t source;
};

/* The peer of a descriptor's socket; local for whatever isn't an internet socket. */
void source_peer_of(struct source_peer *peer, int fd);

/* From an address as getpeername(2) gives it. */
void source_peer_from(struct source_peer *peer, const struct sockaddr_storage *address);

#define SOURCE_TEXT_SIZE 64

/* The whole address, for the log: "192.0.2.1", "2001:db8::1", "local". */
void source_peer_text(const struct source_peer *peer, char text[static SOURCE_TEXT_SIZE]);

bool source_is_ipv4(uint64_t source);

/* "192.0.2.1", "2001:db8:1:2::/64", "local". */
void source_text(uint64_t source, char text[static SOURCE_TEXT_SIZE]);

/* The source of a text: an address of either kind, or what source_text made of one. ERR_MALFORMED. */
enum err source_parse(const char *text, uint64_t *source) MUST_USE;

/* Networks, as a setting has them: addresses, or with a prefix's length behind a slash, separated by commas or
 * spaces; `none` for none. */
#define SOURCE_LIST_MAX 32

struct source_list {
    struct {
        uint8_t address[16];
        uint8_t bits; /* of 128 */
    } networks[SOURCE_LIST_MAX];
    unsigned n;
};

/* ERR_MALFORMED, ERR_TOO_LARGE: more than SOURCE_LIST_MAX. */
enum err source_list_parse(struct source_list *list, const char *text) MUST_USE;

/* Whether the peer is in one of them. Local ones are in none. */
bool source_list_has(const struct source_list *list, const struct source_peer *peer);

#endif
