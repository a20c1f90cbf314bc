/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an honest client can run into by itself costs nothing: a connection that breaks inside a line, a session that
 * was silent for too long, a version that isn't spoken here. */
#include "handler/tally.h"

#include <assert.h>

#include "base/clock.h"

#include "base/banned.h"

static_assert(CODE_COUNT <= GUARD_CODES && VERB_COUNT <= GUARD_VERBS, "room for the counters");

static void penalise(struct session *s, enum guard_offence offence)
{
    guard_penalise(s->guard, offence, clock_running_ms());
}

void tally_hello(struct session *s, enum err e)
{
    if (e == ERR_TIMEOUT)
        penalise(s, GUARD_GRACE);
    else if (e == ERR_MALFORMED || e == ERR_TOO_LARGE || e == ERR_INCOMPLETE)
        penalise(s, GUARD_JUNK);
}

void tally_input(struct session *s, enum err e)
{
    if (e == ERR_TIMEOUT && s->state == SESSION_NEW)
        penalise(s, GUARD_GRACE);
    else if (e == ERR_FORGED || e == ERR_TOO_LARGE)
        penalise(s, GUARD_JUNK);
}

void tally_excess(struct session *s)
{
    penalise(s, GUARD_JUNK);
}

/* auth-failed also says that this session's account was changed elsewhere, and is its last answer then: only the
 * answer to a secret is a try. */
static bool is_try(enum verb verb)
{
    return verb == VERB_LOGIN || verb == VERB_PROVE || verb == VERB_PASSWD || verb == VERB_DELETE;
}

static void tally_login(struct session *s, enum verb verb, enum code code)
{
    bool is_login = verb == VERB_LOGIN || verb == VERB_PROVE;
    if (code == CODE_NONE && is_login)
        guard_count(s->guard, GUARD_LOGINS, 1);
    if (code != CODE_AUTH_FAILED)
        return;
    if (is_login)
        guard_count(s->guard, GUARD_LOGINS_FAILED, 1);
    penalise(s, GUARD_FAILED_LOGIN);
}

void tally_command(struct session *s, const struct command *command, enum code code,
                   const struct reply *reply, uint64_t us)
{
    guard_count_command(s->guard, command->verb, us);
    if (is_try(command->verb) && !(code && reply->is_last))
        tally_login(s, command->verb, code);
    else if (command->verb == VERB_REGISTER && code == CODE_NONE)
        guard_count(s->guard, GUARD_REGISTRATIONS, 1);
}

void tally_bytes(struct session *s)
{
    const struct stream *stream = &s->channel.stream;
    guard_count(s->guard, GUARD_BYTES_IN, stream->received - s->bytes_in);
    guard_count(s->guard, GUARD_BYTES_OUT, stream->sent - s->bytes_out);
    s->bytes_in = stream->received;
    s->bytes_out = stream->sent;
}
