/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c: the word `watch`: shows messages as they come, or hands each to a program. It mends its connection by
 * itself. A message that its program fails on holds up none behind it: anybody may send one that does. */
#include "words.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authenticate.h"
#include "base/clock.h"
#include "post.h"
#include "program.h"
#include "reading.h"
#include "say.h"
#include "show.h"

#include "base/banned.h"

#define FIRST_PAUSE_MS 1000
#define MOST_PAUSE_MS  60000
#define SLICE_MS       100
/* Of one WAIT: a connection that is gone without a word is found out that soon. */
#define WAIT_SECONDS 60

struct watch {
    struct reading reading; /* the first: reading_present gets it */
    struct session *session;
    bool is_open;      /* the reading */
    bool was_there;    /* the server, once */
    enum status away;  /* why it isn't there now; STATUS_OK if it is */
    uint64_t pause_ms; /* before the next try to connect */
    uint64_t given;    /* messages, by this session */
    bool has_failed;   /* the program, since the failed messages were last taken */
    uint64_t retry_at; /* when they are taken again; 0 for never */
    uint64_t retry_ms; /* the pause before that */
};

static uint64_t next_pause(uint64_t pause_ms)
{
    if (pause_ms == 0)
        return FIRST_PAUSE_MS;
    return 2 * pause_ms < MOST_PAUSE_MS ? 2 * pause_ms : MOST_PAUSE_MS;
}

/* In slices: a Ctrl-C just before one must not cost the whole pause. */
static void pause_ms(uint64_t ms)
{
    const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
    uint64_t end = clock_monotonic_ms() + ms;
    while (clock_monotonic_ms() < end && !transport_was_broken())
        (void)nanosleep(&slice, NULL);
}

static enum outcome present(struct reading *r, const struct received *m, const struct inspected *i,
                            const struct seen_message *note)
{
    struct watch *w = (struct watch *)r;
    bool is_signed = i->verdict == VERDICT_GOOD;
    struct program_message message = {.sender = m->sender,
                                      .is_signed = is_signed,
                                      .id = m->id,
                                      .type = is_signed ? i->content.type : "text/plain",
                                      .name = is_signed ? i->content.name : "",
                                      .time = is_signed ? i->time : m->time_stored,
                                      .data = show_data(m, i)};
    if (w->session->options.program == NULL)
        return reading_show(r, m, i, note);
    enum status status = program_run(w->session->options.program, &message);
    if (status == STATUS_OK)
        return reading_note(r, note);
    say("The message %s from %s stays on the server, and is handed to the program again later.",
        m->id, m->sender);
    w->has_failed = true;
    return reading_leave(r, status);
}

/* All that the server has for this session. */
static enum status take_all(struct watch *w)
{
    bool is_last = false;
    enum status status = STATUS_OK;
    while (!is_last && !transport_was_broken()) {
        w->reading.status = STATUS_OK;
        status = reading_next(&w->reading, &is_last);
        w->given += !is_last;
    }
    return status == STATUS_OK && is_last ? w->reading.status : status;
}

/* After the first look at all that is there: the failed messages are among them. */
static void plan_retry(struct watch *w)
{
    if (!w->has_failed) {
        w->retry_at = w->retry_ms = 0;
        return;
    }
    w->retry_ms = next_pause(w->retry_ms);
    w->retry_at = clock_monotonic_ms() + w->retry_ms;
}

static bool is_retry_due(const struct watch *w)
{
    return w->retry_at != 0 && clock_monotonic_ms() >= w->retry_at;
}

static uint64_t seconds_to_wait(const struct watch *w)
{
    uint64_t now = clock_monotonic_ms();
    if (w->retry_at == 0 || w->retry_at > now + WAIT_SECONDS * 1000)
        return WAIT_SECONDS;
    return w->retry_at > now ? (w->retry_at - now + 999) / 1000 : 0;
}

/* Until the session ends, or a new one is needed for messages that it was given already. */
static enum status stay(struct watch *w)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !is_retry_due(w) && !transport_was_broken()) {
        uint64_t count = 0, given = w->given;
        say_hold();
        status = received_wait(w->session, seconds_to_wait(w), &count);
        say_release(!transport_was_broken());
        if (status != STATUS_OK)
            break;
        w->pause_ms = 0;
        if (count > 0)
            status = take_all(w);
        /* Another client took it; or a server that promises what it doesn't give must not keep us busy. */
        if (status == STATUS_OK && count > 0 && w->given == given)
            pause_ms(FIRST_PAUSE_MS);
        if (status == STATUS_OK && w->has_failed && w->retry_at == 0)
            plan_retry(w);
    }
    return status;
}

/* Not a word of tries that end as the one before. */
static enum status connect_again(struct watch *w)
{
    struct session *s = w->session;
    if (s->has_left)
        connection_close(&s->connection);
    s->has_left = false;
    if (w->away == STATUS_OK)
        return session_connect(s);
    say_hold();
    enum status status = session_connect(s);
    say_release(status != STATUS_OK ? status != w->away : !w->was_there);
    return status;
}

/* One session. */
static enum status run(struct watch *w)
{
    enum status status = connect_again(w);
    if (status == STATUS_OK)
        status = authenticate_session(w->session);
    if (status != STATUS_OK)
        return status;
    if (w->away != STATUS_OK)
        say(w->was_there ? "connected again." : "connected.");
    w->away = STATUS_OK;
    w->was_there = true;
    if (!w->is_open)
        status = reading_open(&w->reading, w->session, present);
    w->is_open = true;
    if (status != STATUS_OK)
        return status;
    /* What stays in the outbox was said, and holds up no message to us: but a lost connection shows there. */
    status = post_flush_quietly(w->session);
    if (status != STATUS_OK && transport_was_broken())
        return status;
    w->has_failed = false;
    buf_clear(&w->reading.ids);
    status = take_all(w);
    if (status != STATUS_OK)
        return status;
    plan_retry(w);
    return stay(w);
}

/* Whether time may heal it. */
static bool is_passing(const struct watch *w, enum status status)
{
    switch (status) {
    case STATUS_TEMPORARY:
    case STATUS_UNAVAILABLE:
        return true;
    case STATUS_NO_HOST:
    case STATUS_PROTOCOL:
    case STATUS_SOFTWARE:
        return w->was_there;
    default:
        return false;
    }
}

static void recover(struct watch *w, enum status status)
{
    if (w->away == STATUS_OK)
        say("secmsg goes on trying by itself, at longer and longer intervals up to a minute.");
    w->away = status;
    w->pause_ms = next_pause(w->pause_ms);
    pause_ms(connection_pause(&w->session->connection, w->pause_ms));
}

enum status watch_main(struct session *s, int argc, char *argv[])
{
    struct watch w = {.session = s};
    enum status status;
    (void)argc;
    (void)argv;
    if (isatty(STDERR_FILENO) == 1)
        say("messages are shown as they come; Ctrl-C ends this.");
    for (;;) {
        status = run(&w);
        if (transport_was_broken()) {
            status = STATUS_OK;
            break;
        }
        if (status != STATUS_OK && !is_passing(&w, status))
            break;
        if (status != STATUS_OK)
            recover(&w, status);
    }
    if (w.is_open)
        reading_close(&w.reading);
    return status;
}
