/* SPDX-License-Identifier: GPL-3.0-or-later */
/* whoami.c: the word `whoami`: name, server and fingerprints, from what is kept here, without asking. */
#include "words.h"

#include <stdio.h>

#include "json.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

static enum status print_json(const struct session *s, const char *identity, const char *host)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "user", s->user);
    json_add_string(&json, "identity", identity);
    json_add_text(&json, "server", buf_span(&s->server));
    json_add_string(&json, "host_key", host);
    return json_print(&json);
}

enum status whoami_main(struct session *s, int argc, char *argv[])
{
    struct identity self;
    char host[FINGERPRINT_SIZE];
    (void)argc;
    (void)argv;
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    enum err err = pins_find_identity(s->account.dir, s->user, &self);
    if (err == ERR_NOT_FOUND) {
        say("%s was never logged in here. Log in, or register, first.", s->user);
        return STATUS_NO_PERMISSION;
    }
    if (err != ERR_OK)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    struct visible_value server = session_server(s);
    hash_fingerprint(host, span_of(s->host_key, HOST_KEY_LEN));
    if (s->options.is_json)
        return print_json(s, self.fingerprint, host);
    (void)printf("user:     %s\nidentity: %s\nserver:   %s\nhost key: %s\n", s->user,
                 self.fingerprint, server.text, host);
    return STATUS_OK;
}
