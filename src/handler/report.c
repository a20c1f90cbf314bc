/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How loud is what: a busy server's journal has one notice for each session that somebody logged in to, and what came
 * of accounts; who only knocks is counted elsewhere, and stands in the log for those who want to see it (info). */
#include "handler/report.h"

#include <inttypes.h>

#include "base/clock.h"

#include "base/banned.h"

void report_begin(struct session *s, const char *peer)
{
    s->sum.began_us = clock_monotonic_us();
    log_limit(true);
    log_set_peer(peer);
    log_event(LOG_LEVEL_INFO, "connect", "peer=%s mode=%s", peer,
              s->settings->is_plain ? "plain" : "framed");
}

static enum log_level level_of(enum code code)
{
    if (code == CODE_INTERNAL)
        return LOG_LEVEL_ERROR;
    return code == CODE_NONE ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

void report_command(struct session *s, const struct command *command, enum code code,
                    const struct reply *reply, uint64_t us)
{
    log_set_user(s->state == SESSION_IN ? s->login.user : NULL);
    log_event(level_of(code), "command", "command=%s user=%s result=%s bytes=%zu usec=%" PRIu64,
              command_name(command->verb), session_user(s), code ? code_name(code) : "ok",
              command->body.len + (code ? 0 : reply->body.len), us);
}

void report_end(struct session *s)
{
    log_limit(false);
    log_event(s->state == SESSION_IN ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "close",
              "user=%s result=%s commands=%" PRIu64 " refused=%" PRIu64 " bytes_in=%" PRIu64
              " bytes_out=%" PRIu64 " usec=%" PRIu64,
              session_user(s), log_quote(s->why ? s->why : "ended").text, s->sum.commands,
              s->sum.refused, s->channel.stream.received, s->channel.stream.sent,
              clock_monotonic_us() - s->sum.began_us);
}
