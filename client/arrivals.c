/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arrivals.c: looks for messages while a line is typed. The typed line stays whole: nothing is said before room was
 * made, and no look waits for long. */
#include "arrivals.h"

#include <inttypes.h>
#include <string.h>

#include "authenticate.h"
#include "base/clock.h"
#include "input.h"
#include "reading.h"
#include "result.h"
#include "say.h"

#include "base/banned.h"

#define FIRST_PAUSE_MS 2000
#define MOST_PAUSE_MS  60000
/* What is typed isn't echoed meanwhile. */
#define LOOK_MS 3000
/* At a time: there is somebody who wants to type. */
#define MOST_SHOWN 20

static void read_all(struct session *s)
{
    struct reading r;
    bool is_last = false;
    enum status status = reading_open(&r, s, reading_show);
    while (status == STATUS_OK && !is_last && r.shown + r.hidden + r.left < MOST_SHOWN)
        status = reading_next(&r, &is_last);
    reading_close(&r);
}

/* What needs a person waits for the next word. */
static void wait_for_word(struct arrivals *a)
{
    a->user[0] = '\0';
    a->is_lost = false;
    a->session->is_logged_in = false;
}

static void lose(struct arrivals *a)
{
    input_make_room();
    say_release(true);
    if (a->session->connection.is_revoked) {
        if (a->session->is_logged_in)
            say("Type `login` to log in with the new password.");
        wait_for_word(a);
        return;
    }
    say("secmsg connects again by itself.");
    a->is_lost = true;
    a->pause_ms = FIRST_PAUSE_MS;
    a->next_try = clock_monotonic_ms() + connection_pause(&a->session->connection, 0);
}

static void mend(struct arrivals *a)
{
    struct session *s = a->session;
    /* A word that was typed meanwhile may have been told to come again later. */
    if (clock_monotonic_ms() < a->next_try || connection_pause(&s->connection, 0) > 0)
        return;
    say_hold();
    enum status status = session_connect(s);
    bool is_changed = status == STATUS_CHANGED;
    if (status == STATUS_OK || is_changed)
        input_make_room();
    say_release(is_changed);
    if (status == STATUS_OK) {
        status = authenticate_session(s);
        if (status == STATUS_OK) {
            say("connected again.");
            result_say_outbox(s);
        }
    }
    a->is_lost = status != STATUS_OK;
    if (status == STATUS_CHANGED || status == STATUS_NO_PERMISSION)
        wait_for_word(a);
    a->next_try = clock_monotonic_ms() + connection_pause(&s->connection, a->pause_ms);
    a->pause_ms = 2 * a->pause_ms < MOST_PAUSE_MS ? 2 * a->pause_ms : MOST_PAUSE_MS;
}

static void tell(struct arrivals *a, uint64_t count)
{
    input_make_room();
    if (a->told == 0) {
        read_all(a->session);
        return;
    }
    say("a new message has come: %" PRIu64 " are unread. Type `read`.", count);
    a->session->unread = a->told = count;
}

static void ask(struct arrivals *a)
{
    uint64_t count = 0;
    say_hold();
    bool is_there = connection_is_alive(&a->session->connection) &&
                    received_wait(a->session, 0, &count) == STATUS_OK;
    if (!is_there) {
        lose(a);
        return;
    }
    say_release(false);
    if (a->session->unread < a->told)
        a->told = a->session->unread;
    if (count > a->told)
        tell(a, count);
    else
        a->told = count;
}

/* Whether the prompt's user is the one that is known here; a new one is. */
static bool is_known(struct arrivals *a)
{
    const struct session *s = a->session;
    if (!s->ring.is_unlocked) {
        a->user[0] = '\0';
    } else if (strcmp(a->user, s->user) != 0 && s->is_logged_in) {
        memcpy(a->user, s->user, sizeof(a->user));
        a->told = s->unread;
        a->is_lost = false;
    }
    return s->ring.is_unlocked && strcmp(a->user, s->user) == 0;
}

void arrivals_look(void *arrivals)
{
    struct arrivals *a = arrivals;
    struct session *s = a->session;
    uint64_t timeout_ms = s->options.timeout_ms;
    if (!is_known(a))
        return;
    /* A word that was typed since has connected. */
    a->is_lost = a->is_lost && !(s->connection.is_open && s->is_logged_in);
    s->options.timeout_ms = timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS;
    s->connection.step_ms = s->options.timeout_ms;
    s->is_typing = true;
    if (a->is_lost)
        mend(a);
    else
        ask(a);
    s->is_typing = false;
    s->options.timeout_ms = timeout_ms;
    s->connection.step_ms = timeout_ms;
}
