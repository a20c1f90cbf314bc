/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event, one line, one write(2): lines of processes that share a stderr don't mix. The journal's fields are made
 * of the line, so both say the same, and nothing reaches it that wasn't escaped. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/journald.h"

#include "base/banned.h"

#define LINE_MAX_BYTES 1024

#define RESUME 20 /* lines that must be allowed again before one is written */

static struct {
    char session[17];
    char peer[48];
    char user[48];
    enum log_level least;
    bool has_prefix;
    int journal; /* -1: none */
} state = {.session = "-", .least = LOG_LEVEL_INFO, .journal = -1};

/* Lines that may be written, and those that weren't. */
static struct {
    bool is_on;
    bool is_silent; /* it was empty, and isn't full enough yet */
    uint64_t tokens;
    uint64_t filled_ms;
    uint64_t suppressed;
} limit;

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

void log_open_at(const char *session, enum log_level least, const char *socket)
{
    if (state.journal >= 0)
        close(state.journal);
    snprintf(state.session, sizeof(state.session), "%s", session);
    state.least = least;
    state.has_prefix = is_stderr_journal();
    state.journal = state.has_prefix ? journald_connect(socket) : -1;
    log_set_peer(NULL);
    log_set_user(NULL);
    limit.is_on = false;
}

void log_open(const char *session, enum log_level least)
{
    log_open_at(session, least, JOURNALD_SOCKET);
}

void log_set_peer(const char *peer)
{
    snprintf(state.peer, sizeof(state.peer), "%s", peer == NULL ? "" : peer);
}

void log_set_user(const char *user)
{
    snprintf(state.user, sizeof(state.user), "%s", user == NULL ? "" : user);
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
    case LOG_LEVEL_NOTICE:
        return SD_NOTICE;
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

/* The value in front of *rest, taken off it, without its quotation marks: there are none within. */
static struct span take_value(struct span *rest)
{
    bool is_quoted = rest->len > 0 && rest->data[0] == '"';
    const uint8_t *start = rest->data + is_quoted;
    size_t len = rest->len - is_quoted;
    const uint8_t *end = len > 0 ? memchr(start, is_quoted ? '"' : ' ', len) : NULL;
    struct span value = span_of(start, end ? (size_t)(end - start) : len);
    size_t taken = is_quoted + value.len;
    while (taken < rest->len && (rest->data[taken] == '"' || rest->data[taken] == ' '))
        taken++;
    *rest = span_of(rest->data + taken, rest->len - taken);
    return value;
}

/* SECMSG_ and the key in capitals; false if there is none in front of *rest, otherwise it is taken off. */
static bool take_name(struct span *rest, char name[static JOURNALD_NAME_MAX + 1])
{
    size_t n = 0, len = (size_t)snprintf(name, JOURNALD_NAME_MAX + 1, "SECMSG_");
    while (n < rest->len && rest->data[n] != '=' && len + n < JOURNALD_NAME_MAX) {
        char c = (char)rest->data[n];
        name[len + n++] = (char)(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    name[len + n] = '\0';
    if (n == rest->len || rest->data[n] != '=')
        return false;
    *rest = span_of(rest->data + n + 1, rest->len - n - 1);
    return true;
}

/* Each key=value of a line as a field. */
static void add_pairs(struct journald_entry *entry, struct span rest)
{
    char name[JOURNALD_NAME_MAX + 1];
    const char *about[] = {"SECMSG_PEER", state.peer, "SECMSG_USER", state.user};
    while (take_name(&rest, name)) {
        for (size_t i = 0; i < 4; i += 2)
            if (strcmp(name, about[i]) == 0)
                about[i + 1] = "";
        struct span value = take_value(&rest);
        if (!span_is(value, "-"))
            journald_add(entry, name, value);
    }
    for (size_t i = 0; i < 4; i += 2)
        if (*about[i + 1] != '\0')
            journald_add(entry, about[i], span_str(about[i + 1]));
}

static bool send_entry(enum log_level level, const char *event, struct span line, size_t pairs)
{
    struct journald_entry entry = {.len = 0};
    const char *id = event_id(event);
    const char priority[] = {(char)('0' + level), '\0'};
    journald_add(&entry, "MESSAGE", line);
    journald_add(&entry, "PRIORITY", span_str(priority));
    journald_add(&entry, "SYSLOG_IDENTIFIER", span_str(program_invocation_short_name));
    if (id != NULL)
        journald_add(&entry, "MESSAGE_ID", span_str(id));
    journald_add(&entry, "SECMSG_SESSION", span_str(state.session));
    journald_add(&entry, "SECMSG_EVENT", span_str(event));
    add_pairs(&entry, span_of(line.data + pairs, line.len - pairs));
    return journald_send(state.journal, &entry);
}

static void write_event(enum log_level level, const char *event, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void write_event(enum log_level level, const char *event, const char *format, va_list args)
{
    char line[LINE_MAX_BYTES];
    size_t before = strlen(prefix(level));
    int n = snprintf(line, sizeof(line) - 1, "%s%s event=%s ", prefix(level), state.session, event);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    size_t len = (size_t)n, pairs = len;
    n = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
    if (n > 0)
        len += (size_t)n < sizeof(line) - 1 - len ? (size_t)n : sizeof(line) - 2 - len;
    while (len > 0 && line[len - 1] == ' ')
        len--;
    struct span text = span_of(line + before, len - before);
    if (state.journal >= 0 && send_entry(level, event, text, (pairs < len ? pairs : len) - before))
        return;
    line[len++] = '\n';
    write_line(line, len);
}

static void say(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(enum log_level level, const char *event, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_event(level, event, format, args);
    va_end(args);
}

static void say_suppressed(void)
{
    if (limit.suppressed > 0)
        say(LOG_LEVEL_WARNING, "suppressed", "lines=%" PRIu64, limit.suppressed);
    limit.suppressed = 0;
    limit.is_silent = false;
}

/* A bucket of lines, which fills up with time. Once empty it must hold some again before the first leaves, so that
 * not every second line says how many were left out. */
static bool may_write(void)
{
    if (!limit.is_on)
        return true;
    uint64_t earned = (clock_monotonic_ms() - limit.filled_ms) * LOG_PER_SECOND / 1000;
    limit.filled_ms += earned * 1000 / LOG_PER_SECOND;
    limit.tokens = limit.tokens + earned < LOG_BURST ? limit.tokens + earned : LOG_BURST;
    if (limit.tokens == 0 || (limit.is_silent && limit.tokens < RESUME)) {
        limit.is_silent = true;
        limit.suppressed++;
        return false;
    }
    say_suppressed();
    limit.tokens--;
    return true;
}

void log_limit(bool is_limited)
{
    limit.is_on = is_limited;
    limit.tokens = LOG_BURST;
    limit.filled_ms = clock_monotonic_ms();
    say_suppressed();
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    va_list args;
    if (level > state.least || !may_write())
        return;
    va_start(args, format);
    write_event(level, event, format, args);
    va_end(args);
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
