/* channel.h: how lines become commands and replies become lines: sealed frames, or plain mode. */
#ifndef SECMSG_HANDLER_CHANNEL_H
#define SECMSG_HANDLER_CHANNEL_H

#include "base/stream.h"
#include "wire/answer.h"
#include "wire/command.h"
#include "wire/hello.h"

struct channel {
    bool is_plain;
    struct stream stream;
    struct hello_keys keys; /* wiped by channel_close */
    uint64_t delivered;     /* server frames that have left: where channel_revert goes back to */
    struct buf plain;       /* the frame that was opened last, or plain mode's head line */
    uint64_t linger_ms;     /* for channel_close; WIRE_LINGER_MS */
    bool is_composing;      /* plain mode: head read, the text's line is still to come */
};

/* On stdin and stdout; stop_fd as in stream.h. How much may wait to be sent is the caller's to bound: see session.c. */
enum err channel_open(struct channel *ch, bool is_plain, int stop_fd) MUST_USE;

/* The handshake. ERR_OK, or what ended it: *code is then the error to say in the clear, or CODE_NONE when
 * there is nobody to tell. Nothing is said yet. */
enum err channel_greet(struct channel *ch, const struct host_key *host, uint64_t deadline_ms,
                       enum code *code) MUST_USE;

/* The next command, at most max bytes of a line. Spans are valid until the next call. ERR_MALFORMED: a valid
 * line that is no command (`bad-command`); ERR_FORGED: an invalid frame; ERR_INCOMPLETE: the stream ended
 * inside a line; ERR_TOO_LARGE, ERR_TIMEOUT, ERR_STOPPED, ERR_CLOSED, ERR_IO as stream_read_line. */
enum err channel_read(struct channel *ch, size_t max, uint64_t deadline_ms,
                      struct command *command) MUST_USE;

/* Whether channel_read would find a line without waiting. */
bool channel_has_input(const struct channel *ch);

/* Appends an answer to what waits to be sent. NULL body: none. ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum err channel_answer(struct channel *ch, struct span head, const struct buf *body) MUST_USE;

/* Appends an error in the clear, before there are keys. */
enum err channel_answer_clear(struct channel *ch, struct span head) MUST_USE;

/* Drops every answer that wasn't sent, as if it had never been made. Once channel_flush has begun, that is
 * possible only when no answer follows. */
void channel_revert(struct channel *ch);

/* Sends what waits. As stream_flush. */
enum err channel_flush(struct channel *ch, uint64_t deadline_ms) MUST_USE;

/* The same though the process was told to stop. */
enum err channel_finish(struct channel *ch, uint64_t deadline_ms) MUST_USE;

/* Closes politely, and frees and wipes everything. */
void channel_close(struct channel *ch);

#endif
