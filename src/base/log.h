/* log.h: lines to stderr: session id first, then key=value, what came from outside escaped. */
#ifndef SECMSG_BASE_LOG_H
#define SECMSG_BASE_LOG_H

#include "base/bytes.h"

/* Ordered as syslog's priorities (sd-daemon.h). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Sets the session id that begins each line ("-" until then), and the least urgent level that is
 * written (INFO until then). Lines get systemd's priority prefix (<3> and so on) when stderr is the
 * journal's stream: $JOURNAL_STREAM names its device and inode, see systemd.exec(5). */
void log_open(const char *session, enum log_level least);

/* Writes one line: `<session> event=<event> <fields>`, by one write(2), at most 1024 bytes; dropped
 * where it would block. `format`
 * makes the fields: `key=%s` with values that the program itself chose, or that log_escape made.
 * Nothing secret, and no message's content, is ever passed to it. */
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
