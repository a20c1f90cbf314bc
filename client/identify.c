/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identify.c: takes an identity from the server only under the name that was asked for, pins the first,
 * and never lets another take its place by itself. */
#include "identify.h"

#include <string.h>

#include "advice.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

void identify_free(struct identify_answer *who)
{
    buf_free(&who->text);
}

static enum status take_identity(const char *user, const struct answer *answer,
                                 struct identify_answer *who)
{
    enum err err = answer->has_body ? identity_parse(&who->identity, answer->body) : ERR_MALFORMED;
    if (err != ERR_OK || !span_is(span_str(who->identity.user), user)) {
        say("the server sent an identity for %s that isn't valid, or isn't theirs. It wasn't used; "
            "tell whoever runs the server.",
            user);
        return STATUS_PROTOCOL;
    }
    err = buf_append_span(&who->text, answer->body);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "identity");
}

enum status identify_ask(struct session *s, const char *user, struct identify_answer *who)
{
    struct question question = {.verb = VERB_WHO, .fields = {span_str(user)}, .n = 1};
    struct answer answer;
    *who = (struct identify_answer){.kind = IDENTIFY_PRESENT, .text = BUF_INIT(IDENTITY_MAX)};
    enum status status = connection_ask(&s->connection, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind == ANSWER_OK)
        return take_identity(user, &answer, who);
    if (answer.kind != ANSWER_ERR)
        return say_nonsense("WHO");
    if (answer.code == CODE_NO_USER)
        who->kind = IDENTIFY_NO_USER;
    else if (answer.code == CODE_NO_IDENTITY)
        who->kind = IDENTIFY_NO_IDENTITY;
    else
        return session_say_refusal(s, &answer);
    return STATUS_OK;
}

enum status identify_say_changed(const struct session *s, const char *user, const char *pinned,
                                 const char *now)
{
    say("THE IDENTITY OF %s HAS CHANGED. Somebody may be pretending to be them, or they made new "
        "keys.",
        user);
    say("  pinned: %s", pinned);
    say("  now:    %s", now[0] != '\0' ? now : "none");
    if (now[0] == '\0') {
        say("Ask %s, by another way, what happened.", user);
        return STATUS_CHANGED;
    }
    say("Ask %s, by another way, which one is right. Only if it is the new one, accept it:", user);
    advice_say_trust(s, user, now);
    return STATUS_CHANGED;
}

bool identify_is_accepted(const struct session *s, const struct identity *identity)
{
    return strcmp(s->accepted_user, identity->user) == 0 &&
           strcmp(s->accepted_identity, identity->fingerprint) == 0;
}

/* One's own was checked with its keys before it comes here. */
static enum err may_pin(const struct session *s, const struct identity *identity)
{
    struct identity pinned;
    if (!options_is_strict(&s->options) || identify_is_accepted(s, identity) ||
        strcmp(s->user, identity->user) == 0)
        return ERR_OK;
    enum err err = pins_find_identity(s->account.dir, identity->user, &pinned);
    return err == ERR_NOT_FOUND ? ERR_DENIED : err;
}

static enum status say_unpinned(const struct session *s, const struct identity *identity)
{
    say("the identity of %s isn't pinned here, and --trust=strict pins nothing by itself:",
        identity->user);
    say("  now:    %s", identity->fingerprint);
    say("Ask %s, by another way, if it is right. If it is:", identity->user);
    advice_say_trust(s, identity->user, identity->fingerprint);
    return STATUS_CHANGED;
}

enum status identify_pin(struct session *s, const struct identify_answer *who, bool *is_new)
{
    struct identity pinned;
    const struct identity *self = &s->ring.self, *now = &who->identity;
    *is_new = false;
    if (s->ring.is_loaded && strcmp(self->user, now->user) == 0 &&
        strcmp(self->fingerprint, now->fingerprint) != 0)
        return identify_say_changed(s, now->user, self->fingerprint, now->fingerprint);
    enum err err = may_pin(s, &who->identity);
    if (err == ERR_DENIED)
        return say_unpinned(s, &who->identity);
    if (err == ERR_OK && identify_is_accepted(s, &who->identity))
        err = pins_replace_identity(s->account.dir, buf_span(&who->text));
    else if (err == ERR_OK)
        err = pins_add_identity(s->account.dir, buf_span(&who->text));
    if (err == ERR_OK) {
        *is_new = true;
        say("%s's identity is pinned from now on: %s", who->identity.user,
            who->identity.fingerprint);
    }
    if (err == ERR_OK || err == ERR_DUPLICATE)
        return STATUS_OK;
    if (err == ERR_EXISTS)
        err = pins_find_identity(s->account.dir, who->identity.user, &pinned);
    if (err == ERR_OK)
        return identify_say_changed(s, who->identity.user, pinned.fingerprint,
                                    who->identity.fingerprint);
    return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
}

static enum status say_nobody(struct session *s, const char *user, enum identify_kind kind)
{
    struct identity pinned;
    enum err err = pins_find_identity(s->account.dir, user, &pinned);
    if (err == ERR_OK && kind == IDENTIFY_NO_IDENTITY)
        return identify_say_changed(s, user, pinned.fingerprint, "");
    if (kind == IDENTIFY_NO_USER)
        say("there is no user %s on this server: check the spelling.", user);
    else
        say("%s's account was made without keys (in plain mode), so nothing can be sealed for "
            "them.",
            user);
    return STATUS_NO_USER;
}

enum status identify_user(struct session *s, const char *user, struct identity *identity)
{
    struct identify_answer who;
    bool is_new = false;
    enum status status = identify_ask(s, user, &who);
    if (status == STATUS_OK && who.kind != IDENTIFY_PRESENT)
        status = say_nobody(s, user, who.kind);
    else if (status == STATUS_OK)
        status = identify_pin(s, &who, &is_new);
    *identity = who.identity;
    identify_free(&who);
    return status;
}
