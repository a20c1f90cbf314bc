/* stream.h: a byte stream in both directions as text lines, bounded in memory and in time.
 *
 * Non-blocking, with poll(2) and monotonic deadlines for reads and writes alike. Nothing here knows
 * what a line means. */
#ifndef SECMSG_BASE_STREAM_H
#define SECMSG_BASE_STREAM_H

#include <stdbool.h>

#include "base/buf.h"

struct stream {
    int in;            /* owned by the caller; may equal out */
    int out;           /* owned by the caller */
    struct buf input;  /* bytes read and not yet handed out */
    struct buf output; /* bytes not yet written */
    uint64_t received; /* bytes read in all */
    uint64_t sent;     /* bytes written in all */
    size_t handed;     /* bytes at the front of input that the last line took */
    size_t scanned;    /* bytes of input known to hold no LF */
    bool at_end;       /* the peer has closed its sending side */
    int in_flags;      /* as fcntl(2) had them before: put back by stream_free */
    int out_flags;
    bool is_in_socket; /* `in` is a socket: its end can be told from a pipe's */
    int stop_fd;       /* -1, or what ends every wait once it is readable: a signalfd(2) */
    bool
        reads_ahead; /* read (up to 1 MiB) while waiting to write: a peer that writes can't block us */
};

/* Makes both descriptors non-blocking. max_output bounds what may wait to be written; input grows
 * to the limit of each stream_read_line. Both are unlimited up to memory otherwise. */
enum err stream_open(struct stream *s, int in, int out, size_t max_output) MUST_USE;

/* Wipes and frees the buffers. Descriptors stay open, and get back the flags that they had: they may be
 * shared with other processes, which know nothing of non-blocking ones. */
void stream_free(struct stream *s);

/* Waits for one line, at most max bytes with its LF; *line is without LF, and valid until the next
 * call that reads. ERR_TIMEOUT; ERR_CLOSED: ended between lines; ERR_INCOMPLETE: ended inside one;
 * ERR_TOO_LARGE: found without buffering more than max bytes; ERR_STOPPED; ERR_IO. After ERR_TIMEOUT and
 * ERR_STOPPED it can be called again: what came so far is kept. */
enum err stream_read_line(struct stream *s, size_t max, uint64_t deadline_ms,
                          struct span *line) MUST_USE;

/* Whether a whole line is in the buffer already, so that stream_read_line would not wait. It doesn't read. */
bool stream_has_line(const struct stream *s);

/* Waits, without reading, until other_fd (-1: none) can be read: ERR_OK, ERR_TIMEOUT. ERR_CLOSED when the
 * peer is gone: nobody reads our pipe any more, or a socket's other end has shut its sending side. A pipe
 * whose writer has finished may still have a reader, so the end of that alone doesn't count. */
enum err stream_wait_other(struct stream *s, int other_fd, uint64_t deadline_ms) MUST_USE;

/* Writes everything in `output` (callers append to it with buf_append). ERR_TIMEOUT, ERR_CLOSED when
 * the peer is gone (EPIPE, ECONNRESET), ERR_IO. */
enum err stream_flush(struct stream *s, uint64_t deadline_ms) MUST_USE;

/* Closes politely: shuts the sending side of a socket, and discards input until the peer closes or
 * the deadline passes, so that what was written last arrives. */
void stream_linger(struct stream *s, uint64_t deadline_ms);

#endif
