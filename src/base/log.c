/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event, one line, one write(2): lines of processes that share a stderr don't mix. */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/banned.h"

#define LINE_MAX_BYTES 1024

static struct {
    char session[17];
    enum log_level least;
    bool has_prefix;
} state = {.session = "-", .least = LOG_LEVEL_INFO};

/* $JOURNAL_STREAM is "device:inode" of the journal's stream, decimal (systemd.exec(5)). */
static bool is_stderr_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char mine[64];
    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, mine) == 0;
}

void log_open(const char *session, enum log_level least)
{
    snprintf(state.session, sizeof(state.session), "%s", session);
    state.least = least;
    state.has_prefix = is_stderr_journal();
}

static const char *prefix(enum log_level level)
{
    if (!state.has_prefix)
        return "";
    switch (level) {
    case LOG_LEVEL_ERROR:
        return SD_ERR;
    case LOG_LEVEL_WARNING:
        return SD_WARNING;
    case LOG_LEVEL_INFO:
        return SD_INFO;
    case LOG_LEVEL_DEBUG:
        return SD_DEBUG;
    }
    return "";
}

/* A log that can't be written, or that nobody reads, must not end a session or hold it up: a lock may be
 * held just now. A line is shorter than PIPE_BUF, so that a pipe that has room takes it whole. */
static void write_line(const char *line, size_t len)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&err, 1, 0) != 1 || !(err.revents & POLLOUT) || write(STDERR_FILENO, line, len) < 0)
        return;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    if (level > state.least)
        return;
    int n = snprintf(line, sizeof(line) - 1, "%s%s event=%s ", prefix(level), state.session, event);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    size_t len = (size_t)n;
    va_list args;
    va_start(args, format);
    n = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
    va_end(args);
    if (n > 0)
        len += (size_t)n < sizeof(line) - 1 - len ? (size_t)n : sizeof(line) - 2 - len;
    while (len > 0 && line[len - 1] == ' ')
        len--;
    line[len++] = '\n';
    write_line(line, len);
}

/* Appends as much of the value as fits, with room for the end: "...", a quotation mark and the zero. */
static size_t append_escaped(struct log_value *out, size_t o, struct span value,
                             const char *special)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (sizeof(out->text) - o < 4 + sizeof("...\"")) {
            memcpy(out->text + o, "...", 3);
            return o + 3;
        }
        if (c >= 0x20 && c < 0x7f && !strchr(special, c))
            out->text[o++] = (char)c;
        else
            o += (size_t)snprintf(out->text + o, 5, "\\x%02x", c);
    }
    return o;
}

struct log_value log_escape(struct span value)
{
    struct log_value out;
    out.text[append_escaped(&out, 0, value, " \"=\\")] = '\0';
    return out;
}

struct log_value log_quote(const char *text)
{
    struct log_value out = {.text = "\""};
    size_t o = append_escaped(&out, 1, span_str(text), "\"\\");
    out.text[o++] = '"';
    out.text[o] = '\0';
    return out;
}
