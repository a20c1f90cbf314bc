/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remarks.c: keeps the end of what a command says on stderr. Memory is bounded however much it says, and
 * nothing waits for its end: what the command leaves behind may hold the pipe open. */
#include "remarks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define CHUNK      ((size_t)4096)
#define KEPT_MAX   ((size_t)16384)
#define LINES_MAX  20
#define ROUNDS_MAX 64 /* of reading in one go: a command that never stops talking mustn't keep us */

enum err remarks_open(struct remarks *r, int *write_end)
{
    int ends[2];
    *r = REMARKS_INIT;
    r->text = BUF_INIT(KEPT_MAX + CHUNK);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ERR_IO;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        int saved = errno;
        (void)close(ends[0]);
        (void)close(ends[1]);
        errno = saved;
        return ERR_IO;
    }
    r->fd = ends[0];
    *write_end = ends[1];
    return ERR_OK;
}

void remarks_take(struct remarks *r)
{
    for (int i = 0; r->fd >= 0 && i < ROUNDS_MAX; i++) {
        char chunk[CHUNK];
        ssize_t got = read(r->fd, chunk, sizeof(chunk));
        if (got <= 0)
            return;
        /* Without memory for them, remarks are dropped: they are read all the same. */
        if (buf_append(&r->text, chunk, (size_t)got) != ERR_OK)
            r->is_cut = true;
        if (r->text.len > KEPT_MAX) {
            buf_consume(&r->text, r->text.len - KEPT_MAX);
            r->is_cut = true;
        }
    }
}

/* Where the last lines begin. */
static size_t find_start(struct span text)
{
    size_t start = text.len;
    int lines = 0;
    while (start > 0 && lines <= LINES_MAX) {
        start--;
        if (text.data[start] == '\n' && start + 1 < text.len)
            lines++;
    }
    return lines > LINES_MAX ? start + 1 : 0;
}

void remarks_show(const struct remarks *r)
{
    size_t start = find_start(buf_span(&r->text));
    if (start > 0 || r->is_cut)
        say("exec: (the last lines:)");
    while (start < r->text.len) {
        const uint8_t *line = r->text.data + start;
        const uint8_t *end = memchr(line, '\n', r->text.len - start);
        size_t len = end != NULL ? (size_t)(end - line) : r->text.len - start;
        /* ssh ends its lines with CR LF, so that they look right in a terminal that is raw. */
        bool has_cr = len > 0 && line[len - 1] == '\r';
        struct visible_value shown = visible_value(span_of(line, has_cr ? len - 1 : len));
        say("exec: %s", shown.text);
        start += len + 1;
    }
}

void remarks_close(struct remarks *r)
{
    if (r->fd >= 0)
        (void)close(r->fd);
    buf_free(&r->text);
    *r = REMARKS_INIT;
}
