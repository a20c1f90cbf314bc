/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trust.c: the word `trust`: accepts an identity or a host key by its fingerprint, and only if it is the one that
 * the server shows now. What somebody compared is what gets pinned. */
#include "words.h"

#include <string.h>

#include "authenticate.h"
#include "crypto/hash.h"
#include "given.h"
#include "identify.h"
#include "json.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

static enum status print_host(const struct session *s)
{
    struct json json;
    char print[FINGERPRINT_SIZE];
    if (!s->options.is_json)
        return STATUS_OK;
    hash_fingerprint(print, span_of(s->host_key, HOST_KEY_LEN));
    json_begin(&json);
    json_add_text(&json, "server", buf_span(&s->server));
    json_add_string(&json, "host_key", print);
    json_add_string(&json, "result", "pinned");
    return json_print(&json);
}

static enum status print_user(const struct session *s, const struct identity *identity)
{
    struct json json;
    if (!s->options.is_json)
        return STATUS_OK;
    json_begin(&json);
    json_add_string(&json, "user", identity->user);
    json_add_string(&json, "identity", identity->fingerprint);
    json_add_string(&json, "result", "pinned");
    return json_print(&json);
}

/* Whatever was known of the server steps aside: its accounts belong to the old key. */
static enum status trust_host(struct session *s, const char *fingerprint)
{
    struct visible_value server = session_server(s);
    uint8_t former[HOST_KEY_LEN];
    bool had_key = s->has_host_key;
    memcpy(former, s->host_key, HOST_KEY_LEN);
    session_forget_user(s);
    s->has_host_key = false;
    (void)span_to_text(span_str(fingerprint), s->accepted_host, sizeof(s->accepted_host));
    enum status status = session_connect(s);
    if (status == STATUS_OK && s->is_host_pinned)
        say("the host key of %s is pinned already.", server.text);
    if (status != STATUS_OK && had_key) {
        memcpy(s->host_key, former, HOST_KEY_LEN);
        s->has_host_key = true;
    }
    s->accepted_host[0] = '\0';
    return status == STATUS_OK ? print_host(s) : status;
}

static enum status say_other(const struct session *s, const struct identity *now)
{
    struct identity pinned;
    say("the identity that the server shows for %s isn't the one that you gave. Nothing was "
        "changed.",
        now->user);
    say("  given:  %s", s->accepted_identity);
    say("  now:    %s", now->fingerprint);
    if (pins_find_identity(s->account.dir, now->user, &pinned) == ERR_OK)
        say("  pinned: %s", pinned.fingerprint);
    return STATUS_CHANGED;
}

static enum status take(struct session *s, const struct identify_answer *who)
{
    bool is_new = false;
    if (!identify_is_accepted(s, &who->identity))
        return say_other(s, &who->identity);
    enum status status = identify_pin(s, who, &is_new);
    if (status == STATUS_OK && !is_new)
        say("%s's identity is pinned already.", who->identity.user);
    return status == STATUS_OK ? print_user(s, &who->identity) : status;
}

static enum status ask(struct session *s, const char *user)
{
    struct identify_answer who;
    enum status status = identify_ask(s, user, &who);
    if (status == STATUS_OK && who.kind == IDENTIFY_PRESENT) {
        status = take(s, &who);
    } else if (status == STATUS_OK) {
        say(who.kind == IDENTIFY_NO_USER ? "there is no user %s on this server: check the spelling."
                                         : "%s's account has no identity.",
            user);
        status = STATUS_NO_USER;
    }
    identify_free(&who);
    return status;
}

/* One's own is taken with its keys, which only the password opens. */
static enum status trust_user(struct session *s, const char *fingerprint)
{
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    (void)span_to_text(span_str(fingerprint), s->accepted_identity, sizeof(s->accepted_identity));
    if (strcmp(s->user, s->accepted_user) == 0)
        status = authenticate_asking(s);
    else
        status = authenticate_session(s);
    if (status == STATUS_OK)
        status = ask(s, s->accepted_user);
    return status;
}

enum status trust_main(struct session *s, int argc, char *argv[])
{
    const char *host = s->options.host;
    if (argc != (host != NULL ? 1 : 3)) {
        say("trust whom? Type: %strust USER FINGERPRINT, or %strust --host FINGERPRINT",
            say_command(), say_command());
        return STATUS_USAGE;
    }
    enum status status = given_check_fingerprint(host != NULL ? host : argv[2]);
    if (status == STATUS_OK && host != NULL)
        return trust_host(s, host);
    if (status == STATUS_OK)
        status = session_take_name(s->accepted_user, argv[1]);
    if (status == STATUS_OK)
        status = trust_user(s, argv[2]);
    s->accepted_user[0] = s->accepted_identity[0] = '\0';
    return status;
}
