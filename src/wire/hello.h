/* hello.h: the handshake, both ends (protocol 1.1). Lines are without LF unless said otherwise. */
#ifndef SECMSG_WIRE_HELLO_H
#define SECMSG_WIRE_HELLO_H

#include "base/buf.h"
#include "crypto/exchange.h"
#include "crypto/hash.h"
#include "crypto/host_key.h"
#include "wire/frame.h"

/* What both ends have afterwards. Wiped by hello_keys_wipe, or by handing it over and wiping. */
struct hello_keys {
    struct frame_end client; /* client to server */
    struct frame_end server; /* server to client */
    uint8_t transcript[HASH_LEN];
};

void hello_keys_wipe(struct hello_keys *keys);

/* ---- client ---- */

struct hello_client {
    uint8_t secret[EXCHANGE_LEN];
    char line[WIRE_HELLO_MAX]; /* with its LF, zero-terminated: what is sent */
};

/* Begins with 32 fresh random bytes as the ephemeral secret. */
enum err hello_client_start(struct hello_client *hello,
                            const uint8_t secret[static EXCHANGE_LEN]) MUST_USE;

/* What a server's line says, before anything is verified. */
struct hello_answer {
    struct span
        error; /* `<code> <text>` of an ERR line, else empty: unauthenticated, may hold anything */
    uint8_t ephemeral[EXCHANGE_LEN];
    uint8_t host_key[HOST_KEY_LEN];
    uint8_t signature[HOST_KEY_SIGNATURE_LEN];
};

/* Form only. ERR_MALFORMED; ERR_CLOSED for an ERR line, with answer->error set. The caller then compares
 * host_key with its pin, and only after that calls hello_client_finish. */
enum err hello_client_parse(struct hello_answer *answer, struct span line) MUST_USE;

/* Verifies the signature and makes the keys; wipes hello->secret. ERR_FORGED, ERR_MALFORMED. */
enum err hello_client_finish(struct hello_keys *keys, struct hello_client *hello,
                             const struct hello_answer *answer, struct span line) MUST_USE;

/* ---- server ---- */

/* A client's line, and the key in it. */
struct hello_seen {
    struct span line;
    uint8_t client[EXCHANGE_LEN];
};

/* ERR_MALFORMED (answer `bad-hello`), ERR_UNSUPPORTED for `SECMSG <other number> ...` (`version`). */
enum err hello_server_parse(struct hello_seen *seen, struct span line) MUST_USE;

/* Appends the server's line with its LF to out, and makes the keys. `secret` is 32 fresh random bytes.
 * ERR_MALFORMED for a client key that gives an all-zero result (`bad-hello`). */
enum err hello_server_answer(struct hello_keys *keys, struct buf *out, const struct host_key *host,
                             const uint8_t secret[static EXCHANGE_LEN],
                             const struct hello_seen *seen) MUST_USE;

#endif
