/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands on one's own mailbox: READ, ACK, LIST, WAIT. READ removes nothing; ACK alone does. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "handler/commands.h"
#include "handler/shown.h"

#include "base/banned.h"

enum code command_read(struct session *s, const struct command *command, struct reply *reply)
{
    (void)command;
    struct store_item item;
    enum err e = shown_acknowledge(s);
    if (!e)
        e = store_next(s->store, &s->login, &s->cursor, &item, &reply->body);
    if (e == ERR_NOT_FOUND)
        return reply_ok(reply, "EMPTY");
    if (!e)
        e = shown_add(s, item.id);
    if (e)
        return reply_store_error(reply, e);
    guard_count(s->guard, GUARD_READ, 1);
    reply->has_body = true;
    return reply_ok(reply, "MESSAGE %s %s %" PRIu64 " %s %" PRIu64, item.id, item.sender, item.time,
                    item.is_signed ? "signed" : "unsigned", item.left);
}

/* The ids of a body, one after the other without their LF. ERR_MALFORMED: nothing may be removed. */
static enum err parse_ids(struct buf *ids, struct span body)
{
    if (body.len % (FIELD_ID_LEN + 1) || body.len / (FIELD_ID_LEN + 1) > WIRE_ACK_MAX)
        return ERR_MALFORMED;
    for (size_t at = 0; at < body.len; at += FIELD_ID_LEN + 1) {
        struct span id = span_of(body.data + at, FIELD_ID_LEN);
        if (!field_is_id(id) || body.data[at + FIELD_ID_LEN] != '\n')
            return ERR_MALFORMED;
        enum err e = buf_append_span(ids, id);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum code command_ack(struct session *s, const struct command *command, struct reply *reply)
{
    struct buf ids = BUF_INIT((size_t)WIRE_ACK_MAX * FIELD_ID_LEN);
    uint64_t unread;
    enum err e = parse_ids(&ids, command->body);
    bool is_malformed = e == ERR_MALFORMED;
    if (!e)
        e = store_ack(s->store, &s->login, (const char *)ids.data, ids.len / FIELD_ID_LEN, &unread);
    size_t n = ids.len / FIELD_ID_LEN;
    buf_free(&ids);
    if (is_malformed)
        return reply_refuse(
            reply, CODE_BAD_COMMAND,
            "expected at most %d lines of 32 lower-case hex digits; nothing was removed",
            WIRE_ACK_MAX);
    if (e)
        return reply_store_error(reply, e);
    guard_count(s->guard, GUARD_ACKNOWLEDGED, n);
    return reply_ok(reply, "OK %" PRIu64, unread);
}

static enum err append_items(struct buf *body, const struct store_item *items, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && !e; i++)
        e = buf_printf(body, "%s %s %" PRIu64 " %" PRIu64 "\n", items[i].id, items[i].sender,
                       items[i].time, items[i].bytes);
    return e;
}

enum code command_list(struct session *s, const struct command *command, struct reply *reply)
{
    (void)command;
    struct store_listing listing = {.items = calloc(WIRE_LIST_MAX, sizeof(struct store_item)),
                                    .max = WIRE_LIST_MAX};
    enum err e = listing.items ? store_list(s->store, &s->login, &listing) : ERR_NO_MEMORY;
    if (!e)
        e = append_items(&reply->body, listing.items, listing.n);
    free(listing.items);
    if (e)
        return reply_store_error(reply, e);
    reply->has_body = true;
    return reply_ok(reply, "OK %" PRIu64, listing.unread);
}

/* How long to sleep at most: the login is looked at every 2 seconds, and a store that can't wake us up is
 * asked five times a second. */
static uint64_t next_look(int watch, uint64_t deadline)
{
    uint64_t look = clock_monotonic_ms() + (watch < 0 ? 200 : 2000);
    return look < deadline ? look : deadline;
}

/* Waits until there is something for this session: ERR_OK with *ungiven > 0, or 0 at the deadline. */
static enum err wait_for_message(struct session *s, uint64_t deadline, uint64_t *ungiven)
{
    int watch = store_watch(s->store, s->login.user);
    store_rest(s->store);
    for (;;) {
        uint64_t unread;
        guard_renew(s->guard, clock_running_ms());
        if (watch >= 0)
            store_watch_clear(s->store);
        enum err e = store_count(s->store, &s->login, &s->cursor, &unread, ungiven);
        if (e || *ungiven > 0 || clock_poll_timeout(deadline) == 0)
            return e;
        e = stream_wait_other(&s->channel.stream, watch, next_look(watch, deadline));
        if (e && e != ERR_TIMEOUT)
            return e;
    }
}

enum code command_wait(struct session *s, const struct command *command, struct reply *reply)
{
    uint64_t seconds, ungiven;
    if (field_number(command->fields[0], &seconds) || seconds > WIRE_WAIT_MAX)
        return reply_refuse(reply, CODE_BAD_COMMAND, "expected: WAIT <seconds, 0 to %d>",
                            WIRE_WAIT_MAX);
    /* What was answered so far must not wait as well. */
    if (session_deliver(s))
        return CODE_INTERNAL;
    enum err e = wait_for_message(s, clock_monotonic_ms() + seconds * 1000, &ungiven);
    if (e == ERR_STOPPED) {
        reply->is_last = true;
        return reply_refuse(reply, CODE_BUSY, "the server is being stopped; connect again");
    }
    if (e == ERR_CLOSED) /* there is nobody to wait for; what was sent behind WAIT still counts */
        return reply_ok(reply, "OK 0");
    return e ? reply_store_error(reply, e) : reply_ok(reply, "OK %" PRIu64, ungiven);
}
