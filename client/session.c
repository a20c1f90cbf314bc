/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.c: server, user and connection of a run. */
#include "session.h"

#include <string.h>

#include "host.h"
#include "pins.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define SERVER_NAME_MAX ((size_t)64 << 10)
#define ARGUMENT_MAX    ((size_t)256 << 10)
/* LIST's answers are longer than a small max-frame would let through. */
#define LEAST_LINE_MAX ((size_t)512 << 10)

static enum status settle_server(struct session *s)
{
    const struct options *options = &s->options;
    enum err err;
    if (options->exec == NULL && options->server == NULL) {
        say("which server? Give --server HOST[:PORT] or --exec 'COMMAND', or set SECMSG_SERVER, or "
            "write `server = HOST` into ~/.config/secmsg/secmsg.conf.");
        return STATUS_USAGE;
    }
    if (options->exec != NULL) {
        err = pins_command_name(&s->server, options->exec);
    } else if (address_parse(&s->address, options->server) == ERR_OK) {
        err = buf_append_str(&s->server, s->address.text);
    } else {
        struct visible_value shown = visible_value(span_str(options->server));
        say("\"%s\" isn't an address. Write HOST, HOST:PORT or [IPV6]:PORT, with a port of "
            "1-65535, or one of these behind secmsg://, where the host key's #SHA256:... may "
            "follow.",
            shown.text);
        return STATUS_USAGE;
    }
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't use that server");
}

void session_init(struct session *s, const struct options *options)
{
    *s = (struct session){.options = *options, .home = {.dir = -1}, .account = {.dir = -1}};
    s->server = BUF_INIT(SERVER_NAME_MAX);
    s->descriptor_password = BUF_INIT(STRETCH_PASSWORD_MAX + 2);
    s->file_password = BUF_INIT(STRETCH_PASSWORD_MAX + 2);
    s->file_path = BUF_INIT(ARGUMENT_MAX);
    connection_init(&s->connection);
    keyring_init(&s->ring);
}

enum status session_open(struct session *s, const struct options *options)
{
    enum status status = STATUS_OK;
    session_init(s, options);
    if (options->user != NULL)
        status = session_take_name(s->user, options->user);
    if (status == STATUS_OK)
        status = settle_server(s);
    s->user[0] = '\0';
    if (status == STATUS_OK)
        status = home_open(&s->home, options->home);
    return status;
}

void session_forget_user(struct session *s)
{
    connection_close(&s->connection);
    s->is_logged_in = false;
    keyring_clear(&s->ring);
    home_close_account(&s->account);
    s->user[0] = '\0';
}

void session_set_aside(struct session *s, struct session_user *former)
{
    former->account = s->account;
    former->ring = s->ring;
    former->unread = s->unread;
    memcpy(former->user, s->user, sizeof(s->user));
    s->account.dir = -1;
    keyring_init(&s->ring);
    session_forget_user(s);
}

void session_settle(struct session *s, struct session_user *former, enum status status)
{
    if (status == STATUS_OK) {
        keyring_clear(&former->ring);
        home_close_account(&former->account);
    } else {
        session_forget_user(s);
        s->account = former->account;
        s->ring = former->ring;
        s->unread = former->unread;
        memcpy(s->user, former->user, sizeof(s->user));
    }
    bytes_wipe(former, sizeof(*former));
}

void session_close(struct session *s)
{
    session_forget_user(s);
    home_close(&s->home);
    buf_free(&s->server);
    buf_free(&s->descriptor_password);
    buf_free(&s->file_password);
    buf_free(&s->file_path);
}

struct visible_value session_server(const struct session *s)
{
    return visible_value(buf_span(&s->server));
}

enum status session_connect(struct session *s)
{
    if (connection_is_alive(&s->connection))
        return STATUS_OK;
    s->is_logged_in = false;
    if (transport_was_broken()) {
        say("interrupted.");
        return STATUS_TEMPORARY;
    }
    struct connection_target target = {.address = s->options.exec != NULL ? NULL : &s->address,
                                       .command = s->options.exec,
                                       .timeout_ms = s->options.timeout_ms,
                                       .compare = host_compare,
                                       .pin = host_pin,
                                       .context = s};
    enum status status = connection_open(&s->connection, &target);
    if (status != STATUS_OK)
        return status;
    /* A session's user belongs to one host key: host_compare let only that one through. */
    memcpy(s->host_key, s->connection.host_key, HOST_KEY_LEN);
    s->has_host_key = true;
    return STATUS_OK;
}

/* A key that was pinned before isn't believed against the address: the server says which of them it has. */
static enum status meet(struct session *s)
{
    char pinned[FINGERPRINT_SIZE];
    if (s->has_host_key)
        return STATUS_OK;
    enum err err = host_find_pin(s, s->host_key);
    if (err == ERR_OK) {
        hash_fingerprint(pinned, span_of(s->host_key, HOST_KEY_LEN));
        s->has_host_key = host_suits_address(s, pinned);
    }
    if (s->has_host_key)
        return STATUS_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return pins_say_failure(err, s->home.path, PINS_HOSTS_FILE);
    enum status status = session_connect(s);
    /* Somebody may think for longer about a password than the server waits for a login. */
    connection_close(&s->connection);
    return status;
}

enum status session_take_name(char user[static FIELD_USER_SIZE], const char *name)
{
    if (options_take_name(user, name))
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(name));
    say("\"%s\" can't be a user's name: a name is 1-32 of a-z 0-9 . _ -, beginning with a letter "
        "or a "
        "digit.",
        shown.text);
    return STATUS_USAGE;
}

static enum status open_account(struct session *s)
{
    home_close_account(&s->account);
    enum err err = home_open_account(&s->home, s->host_key, s->user, &s->account);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't open the account's directory");
}

static enum status find_only_user(struct session *s)
{
    enum err err = home_find_user(&s->home, s->host_key, s->user);
    if (err == ERR_OK)
        return STATUS_OK;
    s->user[0] = '\0';
    if (err == ERR_IO)
        return say_failure(err, "can't look up who is logged in here");
    if (err == ERR_EXISTS)
        say("several users are logged in here at this server. Say who with --user NAME.");
    else if (s->is_prompt)
        say("nobody is logged in. Type `login`, or `register` to make an account.");
    else
        say("nobody is logged in here at this server. Use `secmsg login --user NAME`, or `secmsg "
            "register --user NAME` to make an account.");
    return err == ERR_EXISTS ? STATUS_USAGE : STATUS_NO_PERMISSION;
}

enum status session_choose_user(struct session *s, const char *name)
{
    enum status status = meet(s);
    if (status != STATUS_OK)
        return status;
    if (name == NULL && s->user[0] != '\0')
        return STATUS_OK;
    if (name == NULL)
        name = s->options.user;
    status = name != NULL ? session_take_name(s->user, name) : find_only_user(s);
    return status == STATUS_OK ? open_account(s) : status;
}

enum status session_say_refusal(struct session *s, const struct answer *answer)
{
    if (!s->is_logged_in || answer->code != CODE_AUTH_FAILED)
        return say_refusal(answer);
    connection_say_revoked(&s->connection);
    say("Type `%slogin` to log in with the new password.", say_command());
    s->is_logged_in = false;
    connection_close(&s->connection);
    return STATUS_NO_PERMISSION;
}

enum status session_ask(struct session *s, const struct question *question, struct answer *answer)
{
    enum status status = connection_ask(&s->connection, question, answer);
    if (status == STATUS_OK && answer->kind == ANSWER_ERR)
        status = session_say_refusal(s, answer);
    return status;
}

static void take_limit(struct session *s, struct span name, uint64_t value)
{
    if (span_is(name, "max-message"))
        s->max_message = value < CONNECTION_LINE_MAX ? (size_t)value : CONNECTION_LINE_MAX;
    if (span_is(name, "max-frame") && value > LEAST_LINE_MAX)
        s->connection.max_line = value < CONNECTION_LINE_MAX ? (size_t)value : CONNECTION_LINE_MAX;
}

/* Lines `name: value`; names of later versions, and values that aren't numbers, are passed over. */
static enum err take_limits(struct session *s, struct span body)
{
    while (body.len > 0) {
        const uint8_t *end = memchr(body.data, '\n', body.len);
        if (end == NULL)
            return ERR_MALFORMED;
        size_t len = (size_t)(end - body.data);
        const uint8_t *colon = memmem(body.data, len, ": ", 2);
        if (colon == NULL)
            return ERR_MALFORMED;
        struct span name = span_of(body.data, (size_t)(colon - body.data));
        struct span text = span_of(colon + 2, (size_t)(end - colon) - 2);
        uint64_t value;
        if (field_number(text, &value) == ERR_OK)
            take_limit(s, name, value);
        s->is_closed = s->is_closed || (span_is(name, "registration") && span_is(text, "closed"));
        s->wants_invite =
            s->wants_invite || (span_is(name, "registration") && span_is(text, "invite"));
        body = span_of(end + 1, body.len - len - 1);
    }
    return ERR_OK;
}

enum status session_learn_limits(struct session *s)
{
    struct question info = {.verb = VERB_INFO};
    struct answer answer;
    enum status status = session_ask(s, &info, &answer);
    if (status != STATUS_OK)
        return status;
    s->max_message = 0;
    s->is_closed = s->wants_invite = false;
    s->connection.max_line = LEAST_LINE_MAX;
    if (answer.kind != ANSWER_OK || take_limits(s, answer.body) != ERR_OK || s->max_message == 0)
        return say_nonsense("INFO");
    return STATUS_OK;
}
