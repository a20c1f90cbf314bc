/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands on accounts: SALT, REGISTER, PASSWD, DELETE, WHO. */
#include <inttypes.h>

#include "base/base64.h"
#include "base/clock.h"
#include "crypto/vault.h"
#include "handler/commands.h"
#include "handler/credential.h"
#include "handler/load.h"

#include "base/banned.h"

enum code command_salt(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    char text[25];
    bool exists;
    enum err e = credential_load(s, command->fields[0], &account, &exists);
    if (!e)
        base64url_encode_text(text, sizeof(text), span_of(account.salt, sizeof(account.salt)));
    store_account_free(&account);
    return e ? reply_store_error(reply, e) : reply_ok(reply, "OK %s", text);
}

static struct span invite_of(const struct command *command)
{
    return command->n > 2 ? command->fields[2] : SPAN("");
}

/* What lets a new account in: nothing is asked for, an invitation to its name, or one to any. */
enum way { WAY_OPEN, WAY_INVITED, WAY_ADMITTED };

/* An invitation that is used up, expired or withdrawn, or was none ever: nobody is told which. */
static enum code refuse_invite(const struct command *command, struct reply *reply)
{
    if (invite_of(command).len == 0)
        return CODE_BAD_INVITE;
    return reply_refuse(reply, CODE_BAD_INVITE,
                        "that isn't a good invitation, or not to this name; ask who runs this "
                        "server for another");
}

/* An account stays for ever, and so does a name: how many there can be in an hour is bounded. */
static enum code check_rate(struct session *s, struct reply *reply)
{
    uint64_t retry_s;
    if (guard_take_registration(s->guard, clock_running_ms(), &retry_s))
        return CODE_NONE;
    return reply_refuse(reply, CODE_RATE_LIMITED,
                        "retry-after=%" PRIu64 " no more new accounts for now", retry_s);
}

/* Where invitations are asked for, by one to any name. Looked up before the name is, so that who has none doesn't
 * learn of names. */
static enum err find_admission(const struct session *s, const char *user, struct span invite)
{
    if (s->settings->registration != REGISTRATION_INVITE || invite.len == 0)
        return ERR_DENIED;
    return store_account_admitted(s->store, user, invite);
}

/* Whether this server takes this new account now, and what lets it in. Whom its operator has invited to a name, it
 * takes under each policy and however many came before, but not while there is too much to do. */
static enum code check_policy(struct session *s, const char *user, const struct command *command,
                              enum way *way, struct reply *reply)
{
    struct span invite = invite_of(command);
    enum registration policy = s->settings->registration;
    enum code code = load_check(s, LOAD_REGISTER, reply);
    if (code)
        return code;
    *way = WAY_ADMITTED;
    enum err e = find_admission(s, user, invite);
    if (e != ERR_DENIED)
        return e ? reply_store_error(reply, e) : CODE_NONE;
    *way = WAY_INVITED;
    e = invite.len > 0 ? store_account_invited(s->store, user, invite) : ERR_NOT_FOUND;
    if (e == ERR_DENIED || (e == ERR_NOT_FOUND && policy == REGISTRATION_INVITE))
        return refuse_invite(command, reply);
    if (e != ERR_NOT_FOUND)
        return e ? reply_store_error(reply, e) : CODE_NONE;
    *way = WAY_OPEN;
    return policy == REGISTRATION_OPEN ? check_rate(s, reply) : CODE_REGISTRATION_CLOSED;
}

/* Salt, identity and vault out of REGISTER's body, each checked. */
static enum code take_body(struct store_account *account, struct span user, struct span text)
{
    struct account_body body;
    struct identity identity;
    enum code code = CODE_NONE;
    enum err e = account_body_parse(&body, text);
    if (e)
        return e == ERR_NO_MEMORY ? CODE_INTERNAL : CODE_BAD_ACCOUNT;
    e = identity_parse(&identity, buf_span(&body.identity));
    if (e || !span_equal(span_str(identity.user), user))
        code = e == ERR_NO_MEMORY || e == ERR_INTERNAL ? CODE_INTERNAL : CODE_BAD_IDENTITY;
    else if (buf_append_span(&account->identity, buf_span(&body.identity)) ||
             buf_append_span(&account->vault, body.vault))
        code = CODE_INTERNAL;
    for (size_t i = 0; i < sizeof(account->salt); i++)
        account->salt[i] = body.salt[i];
    account->has_identity = true;
    account_body_free(&body);
    return code;
}

static enum err store_by(struct session *s, const char *user, struct span invite, enum way way,
                         struct store_account *account)
{
    switch (way) {
    case WAY_INVITED:
        return store_account_create_invited(s->store, user, invite, account);
    case WAY_ADMITTED:
        return store_account_create_admitted(s->store, user, invite, account);
    default:
        return store_account_create(s->store, user, account);
    }
}

static enum code create(struct session *s, const struct command *command, enum way way,
                        struct store_account *account, struct reply *reply)
{
    char user[FIELD_USER_SIZE];
    uint64_t unread;
    if (!span_to_text(command->fields[0], user, sizeof(user)))
        return CODE_BAD_NAME;
    enum err e = store_by(s, user, invite_of(command), way, account);
    if (e == ERR_EXISTS)
        return CODE_NAME_TAKEN;
    if (e == ERR_DENIED)
        return refuse_invite(command, reply);
    if (e == ERR_NO_SPACE)
        return reply_refuse(reply, CODE_STORAGE_FULL,
                            "this server has too little room for new accounts now; try again "
                            "later");
    if (!e)
        e = session_enter(s, user, account->version, &unread);
    if (e)
        return reply_store_error(reply, e);
    log_event(LOG_LEVEL_NOTICE, "account", "action=register user=%s", user);
    return reply_ok(reply, "OK");
}

enum code command_register(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    char user[FIELD_USER_SIZE];
    struct span name = command->fields[0];
    if (!field_is_user(name) || !span_to_text(name, user, sizeof(user)))
        return CODE_BAD_NAME;
    /* Plain mode's password is stretched last: that is dear, and a closed server needn't pay for it. */
    enum err e =
        s->channel.is_plain ? ERR_OK : credential_set(s, &account, name, command->fields[1]);
    if (e)
        return e == ERR_MALFORMED ? CODE_WEAK_SECRET : CODE_INTERNAL;
    enum way way;
    enum code code = check_policy(s, user, command, &way, reply);
    bool is_taken = !code && way == WAY_OPEN; /* one of the hour's registrations */
    if (!code && s->channel.is_plain) {
        e = credential_set(s, &account, name, command->fields[1]);
        if (e)
            code = e == ERR_NO_MEMORY ? CODE_BUSY : CODE_INTERNAL;
    } else if (!code) {
        code = take_body(&account, name, command->body);
    }
    if (!code)
        code = create(s, command, way, &account, reply);
    if (code && is_taken)
        guard_return_registration(s->guard);
    store_account_free(&account);
    return code;
}

/* The session's own account as it is now. ERR_DENIED when the login no longer holds. */
static enum err load_own(struct session *s, struct store_account *account)
{
    enum err e = store_account_get(s->store, s->login.user, account);
    if (e == ERR_NOT_FOUND || (!e && account->version != s->login.version))
        return ERR_DENIED;
    return e;
}

/* The new lock: in frames from the body, for accounts of plain mode there is none. */
static enum code take_lock(const struct session *s, const struct command *command,
                           struct store_account *account, struct reply *reply)
{
    struct span vault;
    if (s->channel.is_plain)
        return CODE_NONE;
    if (!account->has_identity)
        return reply_refuse(reply, CODE_BAD_ACCOUNT,
                            "this account has no vault: change its password in plain mode");
    if (lock_body_parse(account->salt, &vault, command->body))
        return CODE_BAD_ACCOUNT;
    buf_clear(&account->vault);
    return buf_append_span(&account->vault, vault) ? CODE_INTERNAL : CODE_NONE;
}

static enum code change_password(struct session *s, const struct command *command,
                                 struct store_account *account, struct reply *reply)
{
    struct span user = span_str(s->login.user);
    enum err e = credential_check(s, account, user, command->fields[0]);
    if (e)
        return credential_code(e);
    e = credential_set(s, account, user, command->fields[1]);
    if (e)
        return e == ERR_MALFORMED ? CODE_WEAK_SECRET : credential_code(e);
    enum code code = take_lock(s, command, account, reply);
    if (code)
        return code;
    e = store_account_change(s->store, s->login.user, account);
    if (e)
        return reply_store_error(reply, e);
    s->login.version = account->version;
    log_event(LOG_LEVEL_NOTICE, "account", "action=password user=%s", s->login.user);
    return reply_ok(reply, "OK");
}

enum code command_passwd(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    enum err e = load_own(s, &account);
    enum code code = e ? reply_store_error(reply, e) : change_password(s, command, &account, reply);
    store_account_free(&account);
    return code;
}

enum code command_delete(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    enum err e = load_own(s, &account), wrong = ERR_OK;
    if (!e)
        wrong = credential_check(s, &account, span_str(s->login.user), command->fields[0]);
    store_account_free(&account);
    if (wrong)
        return credential_code(wrong);
    if (!e)
        e = store_account_delete(s->store, s->login.user, s->login.version);
    if (e)
        return reply_store_error(reply, e);
    log_event(LOG_LEVEL_NOTICE, "account", "action=delete user=%s", s->login.user);
    reply->is_last = true;
    return reply_ok(reply, "OK");
}

enum code command_who(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    char user[FIELD_USER_SIZE];
    struct span name = command->fields[0];
    if (!field_is_user(name) || !span_to_text(name, user, sizeof(user)))
        return CODE_NO_USER;
    enum err e = session_check_login(s);
    if (e)
        return reply_store_error(reply, e);
    e = store_account_get(s->store, user, &account);
    if (!e && account.has_identity)
        e = buf_append_span(&reply->body, buf_span(&account.identity));
    bool has_identity = account.has_identity;
    store_account_free(&account);
    if (e == ERR_NOT_FOUND)
        return CODE_NO_USER;
    if (e)
        return reply_store_error(reply, e);
    if (!has_identity)
        return CODE_NO_IDENTITY;
    reply->has_body = true;
    return reply_ok(reply, "OK");
}
