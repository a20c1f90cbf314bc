/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LOGIN and PROVE: both ways in. Nobody learns from a refusal whether a name exists. */
#include <inttypes.h>
#include <string.h>

#include "crypto/identity.h"
#include "crypto/vault.h"
#include "handler/commands.h"
#include "handler/credential.h"

#include "base/banned.h"

static enum code enter(struct session *s, struct span name, uint64_t version, uint64_t *unread,
                       struct reply *reply)
{
    char user[FIELD_USER_SIZE];
    if (!span_to_text(name, user, sizeof(user)))
        return CODE_AUTH_FAILED;
    enum err e = session_enter(s, user, version, unread);
    if (e == ERR_DENIED) /* changed between the look and here: as if it had been before */
        return CODE_AUTH_FAILED;
    return e ? reply_store_error(reply, e) : CODE_NONE;
}

static enum code login_known(struct session *s, const struct command *command,
                             const struct store_account *account, struct reply *reply)
{
    uint64_t unread;
    enum code code = enter(s, command->fields[0], account->version, &unread, reply);
    if (code)
        return code;
    if (account->vault.len > 0) {
        if (buf_printf(&reply->body, "vault: %.*s\n", (int)account->vault.len,
                       (const char *)account->vault.data))
            return CODE_INTERNAL;
        reply->has_body = true;
    }
    return reply_ok(reply, "OK %" PRIu64, unread);
}

enum code command_login(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    bool exists;
    enum code code;
    enum err e = credential_load(s, command->fields[0], &account, &exists);
    if (e) {
        code = reply_store_error(reply, e);
    } else if (s->channel.is_plain && exists && account.has_identity) {
        code =
            reply_refuse(reply, CODE_BAD_STATE,
                         "this account has an identity: log in with the secmsg client, which keeps "
                         "the password to itself");
    } else {
        e = credential_check(s, &account, command->fields[0], command->fields[1]);
        code = !e && !exists ? CODE_AUTH_FAILED : credential_code(e);
        if (!code)
            code = login_known(s, command, &account, reply);
    }
    store_account_free(&account);
    return code;
}

/* The signature over this connection's transcript and the vault that the server has now. Leaves the key in
 * own_key, where COMPOSE will need it, should the login succeed. */
static enum err check_proof(struct session *s, const struct command *command,
                            const struct store_account *account)
{
    struct identity identity;
    if (command->body.len != RSA_LEN)
        return ERR_DENIED;
    enum err e = identity_parse_stored(&identity, buf_span(&account->identity));
    if (e == ERR_MALFORMED || e == ERR_FORGED)
        e = ERR_DAMAGED;
    if (!e)
        e = login_proof_verify(identity.sign, command->body.data, command->fields[0],
                               s->channel.keys.transcript, buf_span(&account->vault));
    memcpy(s->own_key, identity.sign, RSA_LEN);
    return e;
}

enum code command_prove(struct session *s, const struct command *command, struct reply *reply)
{
    struct store_account account = STORE_ACCOUNT_INIT;
    bool exists;
    enum code code;
    uint64_t unread;
    enum err e = credential_load(s, command->fields[0], &account, &exists);
    if (!e && !account.has_identity) {
        store_account_free(&account);
        e = credential_load_decoy(s, command->fields[0], &account);
        exists = false;
    }
    if (e) {
        code = reply_store_error(reply, e);
    } else {
        e = check_proof(s, command, &account);
        code = !e && !exists ? CODE_AUTH_FAILED : credential_code(e);
        if (!code)
            code = enter(s, command->fields[0], account.version, &unread, reply);
        s->has_own_key = !code;
    }
    store_account_free(&account);
    return code ? code : reply_ok(reply, "OK %" PRIu64, unread);
}
