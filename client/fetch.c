/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch.c: logs in by the password. That never leaves this machine, and keys from the server are used only when the
 * password opens them and they are those of the pinned identity. */
#include "fetch.h"

#include <string.h>

#include "authenticate.h"
#include "base/base64.h"
#include "identify.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

enum status fetch_salt(struct session *s, uint8_t salt[static STRETCH_SALT_LEN])
{
    struct question question = {.verb = VERB_SALT, .fields = {span_str(s->user)}, .n = 1};
    struct answer answer;
    enum status status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK ||
        base64url_decode_exact(salt, STRETCH_SALT_LEN, answer.rest) != ERR_OK)
        return say_nonsense("SALT");
    return STATUS_OK;
}

/* Asks LOGIN; *token gets the vault. */
static enum status ask_login(struct session *s, const char *secret, struct buf *token)
{
    struct question question = {.verb = VERB_LOGIN,
                                .fields = {span_str(s->user), span_str(secret)},
                                .n = 2};
    struct answer answer;
    struct span vault;
    enum status status = session_ask(s, &question, &answer);
    if (status != STATUS_OK)
        return status;
    if (answer.kind != ANSWER_OK || answer_count(&answer, &s->unread) != ERR_OK)
        return say_nonsense("LOGIN");
    if (!answer.has_body) {
        say("%s's account was made without keys (in plain mode): use it there, or register another "
            "name.",
            s->user);
        return STATUS_NO_USER;
    }
    if (vault_line_parse(&vault, answer.body) != ERR_OK)
        return say_nonsense("LOGIN");
    enum err err = buf_append_span(token, vault);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "vault");
}

/* A pinned identity that isn't WHO's stops everything, before any key is tried. */
static enum status compare_identity(struct session *s, const struct identify_answer *who)
{
    struct identity pinned;
    enum err err = pins_find_identity(s->account.dir, s->user, &pinned);
    if (err == ERR_NOT_FOUND)
        return STATUS_OK;
    if (err != ERR_OK)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    return strcmp(pinned.fingerprint, who->identity.fingerprint) == 0 ||
                   identify_is_accepted(s, &who->identity)
               ? STATUS_OK
               : identify_say_changed(s, s->user, pinned.fingerprint, who->identity.fingerprint);
}

/* Whether the password opens the vault, and the keys in it are those of WHO's identity. */
static enum status verify_keys(struct session *s, const uint8_t salt[static STRETCH_SALT_LEN],
                               const uint8_t root[static STRETCH_ROOT_LEN],
                               const struct identify_answer *who, const struct buf *token)
{
    enum err err = keyring_set(&s->ring, salt, buf_span(&who->text), buf_span(token));
    if (err == ERR_OK)
        err = keyring_unlock_root(&s->ring, root);
    if (err != ERR_FORGED && err != ERR_MALFORMED)
        return err == ERR_OK ? STATUS_OK : say_failure(err, "can't open the keys");
    say("the keys that the server keeps for %s don't open with the password, or aren't those of "
        "the account's identity. They weren't used; tell whoever runs the server.",
        s->user);
    return STATUS_PROTOCOL;
}

static enum status adopt_keys(struct session *s, const uint8_t salt[static STRETCH_SALT_LEN],
                              const uint8_t root[static STRETCH_ROOT_LEN],
                              const struct identify_answer *who, const struct buf *token)
{
    bool is_new;
    enum status status = compare_identity(s, who);
    if (status != STATUS_OK)
        return status;
    status = verify_keys(s, salt, root, who, token);
    if (status == STATUS_OK)
        status = identify_pin(s, who, &is_new);
    if (status != STATUS_OK) {
        keyring_clear(&s->ring);
        return status;
    }
    enum err err = keyring_save(&s->ring, s->account.dir);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't keep the keys");
}

static enum status fetch_keys(struct session *s, const uint8_t salt[static STRETCH_SALT_LEN],
                              const uint8_t root[static STRETCH_ROOT_LEN])
{
    char secret[STRETCH_SECRET_SIZE];
    struct identify_answer who = {.text = BUF_INIT(IDENTITY_MAX)};
    struct buf token = BUF_INIT(VAULT_TOKEN_MAX);
    enum err err = stretch_secret(secret, root, s->connection.host_key, span_str(s->user));
    enum status status = err == ERR_OK ? ask_login(s, secret, &token)
                                       : say_failure(err, "can't stretch the password");
    bytes_wipe(secret, sizeof(secret));
    if (status == STATUS_OK)
        status = identify_ask(s, s->user, &who);
    if (status == STATUS_OK && who.kind != IDENTIFY_PRESENT)
        status = say_nonsense("WHO");
    if (status == STATUS_OK)
        status = adopt_keys(s, salt, root, &who, &token);
    identify_free(&who);
    buf_free(&token);
    return status;
}

enum status fetch_by_password(struct session *s, struct span password)
{
    uint8_t salt[STRETCH_SALT_LEN], root[STRETCH_ROOT_LEN];
    enum status status = session_connect(s);
    if (status == STATUS_OK)
        status = fetch_salt(s, salt);
    if (status != STATUS_OK)
        return status;
    enum err err = stretch_root(root, password, salt);
    status =
        err == ERR_OK ? fetch_keys(s, salt, root) : say_failure(err, "can't stretch the password");
    bytes_wipe(root, sizeof(root));
    if (status == STATUS_OK)
        status = authenticate_finish(s);
    else
        connection_close(&s->connection);
    return status;
}
