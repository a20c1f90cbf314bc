/* SPDX-License-Identifier: GPL-3.0-or-later */
/* connection.h: an encrypted connection to a server, and questions asked over it one by one.
 *
 * Everything that goes wrong is said to the user here, once; the status tells callers what it was. After
 * anything but STATUS_OK the connection is closed. */
#ifndef SECMSG_CLIENT_CONNECTION_H
#define SECMSG_CLIENT_CONNECTION_H

#include "base/stream.h"
#include "status.h"
#include "transport.h"
#include "wire/command.h"
#include "wire/hello.h"

/* Of a line from the server, whatever INFO says. */
#define CONNECTION_LINE_MAX ((size_t)64 << 20)

struct connection {
    struct transport transport;
    struct stream stream;
    struct hello_keys keys;
    uint8_t host_key[HOST_KEY_LEN];
    size_t max_line;  /* of a line from the server */
    uint64_t step_ms; /* how long one question may take */
    struct buf plain; /* the last answer */
    uint64_t
        retry_at_ms; /* until then the server asked to be left alone (clock_monotonic_ms); 0: it didn't */
    bool is_open;
    bool is_revoked; /* the server ended it because the account was changed elsewhere, or is gone */
};

/* What a host key goes through: STATUS_OK to go on. */
typedef enum status connection_judge(void *context, const uint8_t host_key[static HOST_KEY_LEN]);

/* Where to connect: an address, or a command (address NULL). */
struct connection_target {
    const struct address *address;
    const char *command;
    uint64_t timeout_ms;
    connection_judge *compare; /* with the pin, before anything is verified or sent */
    connection_judge *pin;     /* after the handshake: the server has that key */
    void *context;
};

/* A connection that isn't open: connection_close is fine on it. */
void connection_init(struct connection *c);

/* Closes what was open before, without a word. Says why it can't. */
enum status connection_open(struct connection *c, const struct connection_target *target) MUST_USE;

/* How long to wait, ms, before trying again by oneself: `pause_ms`, or what the server has asked for if that is
 * longer, up to CONNECTION_RETRY_MOST_S; in the clear, where anybody on the way can have asked for it, up to what the
 * longest pauses are anyway (protocol.md, retry-after=). */
#define CONNECTION_RETRY_MOST_S  600
#define CONNECTION_RETRY_CLEAR_S 60
uint64_t connection_pause(const struct connection *c, uint64_t pause_ms);

/* Says EXIT if there is somebody to say it to, closes, and wipes the keys. */
void connection_close(struct connection *c);

/* A command. `body` NULL for verbs without one. Fields were checked by the caller. */
struct question {
    enum verb verb;
    struct span fields[COMMAND_FIELDS_MAX];
    size_t n;
    const struct span *body;
};

/* Asks, and waits for the answer, which points into the connection until the next question. An ERR is
 * an answer too (STATUS_OK); if it is one that ends the connection, that is closed. STATUS_TEMPORARY:
 * no answer came. */
enum status connection_ask(struct connection *c, const struct question *question,
                           struct answer *answer) MUST_USE;

/* Notes that the server has ended the session with auth-failed, and says why it does that. */
void connection_say_revoked(struct connection *c);

/* Whether the server is still there, as far as can be seen without asking. If it isn't, says why, and
 * closes. */
bool connection_is_alive(struct connection *c);

#endif
