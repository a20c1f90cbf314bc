/* frame.h: sealed lines: a Fernet token, and a tag that knows place and direction (protocol 1.2). */
#ifndef SECMSG_WIRE_FRAME_H
#define SECMSG_WIRE_FRAME_H

#include "base/buf.h"
#include "crypto/fernet.h"
#include "wire/limits.h"

/* One direction of a connection. `sequence` counts the frames sealed or opened so far. */
struct frame_end {
    uint8_t fernet[FERNET_KEY_LEN];
    uint8_t mac[32];
    uint64_t sequence;
};

/* Bytes of the line, with its LF, of n bytes of plaintext. */
size_t frame_line_len(size_t n);

/* Appends the line, with its LF, of the next frame. `time` is the sender's clock. */
enum err frame_seal(struct buf *line, struct frame_end *end, uint64_t time,
                    struct span plain) MUST_USE;

/* Appends the plaintext of the next frame; line is without LF. ERR_MALFORMED or ERR_FORGED: invalid, and
 * the connection ends; the sequence stays. */
enum err frame_open(struct buf *plain, struct frame_end *end, struct span line) MUST_USE;

/* A plaintext as head and body. ERR_MALFORMED for a head that is too long or isn't printable ASCII. */
struct frame_parts {
    struct span head;
    bool has_body;
    struct span body;
};
enum err frame_split(struct frame_parts *parts, struct span plain) MUST_USE;

#endif
