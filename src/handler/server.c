/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about the server and the connection: INFO, PING, EXIT. */
#include <inttypes.h>

#include "handler/commands.h"
#include "handler/shown.h"

#include "base/banned.h"

enum code command_info(struct session *s, const struct command *command, struct reply *reply)
{
    (void)command;
    const struct settings *set = s->settings;
    enum err e =
        buf_printf(&reply->body,
                   "software: secmsg\nversion: %s\nmax-message: %" PRIu64
                   "\nmax-frame: %zu\nmailbox-messages: %" PRIu64 "\nmailbox-bytes: %" PRIu64
                   "\nmailbox-per-sender: %" PRIu64 "\nretention-days: %" PRIu64
                   "\nregistration: %s\n",
                   SECMSG_VERSION, set->max_message, settings_max_frame(set), set->quota.messages,
                   set->quota.bytes, set->quota.per_sender_percent, set->quota.retention_days,
                   settings_registration_name(set->registration));
    if (e)
        return CODE_INTERNAL;
    reply->has_body = true;
    return reply_ok(reply, "OK");
}

enum code command_ping(struct session *s, const struct command *command, struct reply *reply)
{
    (void)s;
    (void)command;
    return reply_ok(reply, "OK");
}

enum code command_exit(struct session *s, const struct command *command, struct reply *reply)
{
    (void)command;
    enum err e = shown_acknowledge(s);
    if (e)
        return reply_store_error(reply, e);
    reply->is_last = true;
    return reply_ok(reply, "BYE");
}
