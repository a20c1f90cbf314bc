/* log.h: one line an event: session id first, then key=value, what came from outside escaped. It goes to stderr, or
 * with its fields to the journal. */
#ifndef SECMSG_BASE_LOG_H
#define SECMSG_BASE_LOG_H

#include <stdbool.h>

#include "base/bytes.h"

/* Ordered as syslog's priorities (sd-daemon.h). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5, /* what a busy server's journal is to have beside the two above */
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Sets the session id that begins each line ("-" until then), and the least urgent level that is
 * written (INFO until then). Where stderr is the journal's stream ($JOURNAL_STREAM names its device and inode, see
 * systemd.exec(5)), connects to the journal, for entries with fields; where that can't be done, lines get systemd's
 * priority prefix (<3> and so on). Call it before the process confines itself. */
void log_open(const char *session, enum log_level least);

/* The same with another socket than systemd's. */
void log_open_at(const char *session, enum log_level least, const char *socket);

/* Whom all that follows is about: fields of the journal's entries, where the line itself has none. NULL: unknown. */
void log_set_peer(const char *peer);
void log_set_user(const char *user);

/* From here on at most LOG_BURST lines are written at once, and LOG_PER_SECOND in the long run: a peer decides how
 * many there would be. How many were left out is said by an event `suppressed`. False lifts that. */
#define LOG_BURST      200
#define LOG_PER_SECOND 10
void log_limit(bool is_limited);

/* Writes one line: `<session> event=<event> <fields>`, by one write(2), at most 1024 bytes; dropped
 * where it would block. `format` makes the fields: `key=%s` with values that the program itself chose, or that
 * log_escape or log_quote made. In the journal it is MESSAGE, and each key a field SECMSG_<KEY>. The event has its id
 * in event.c. Nothing secret, and no message's content, is ever passed to it. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Room for an escaped value, cut at the end with "..." where it doesn't fit. */
struct log_value {
    char text[256];
};

/* In quotation marks, for texts of several words: printable ASCII as it is, but for '"' and '\'. */
struct log_value log_quote(const char *text);

/* Printable ASCII without space, '"', '=' and '\' as it is, everything else as \xNN. */
struct log_value log_escape(struct span value);

#endif
