/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contacts.c: the word `contacts`: whose identities are pinned here. No server is asked. */
#include "words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "page.h"
#include "pins.h"
#include "say.h"

#include "base/banned.h"

struct listing {
    const struct session *session;
    size_t width; /* of the terminal; 0: in full */
    size_t count;
    enum status status;
};

static void print_json(struct listing *listing, const struct identity *identity, bool is_self)
{
    struct json json;
    json_begin(&json);
    json_add_string(&json, "user", identity->user);
    json_add_string(&json, "identity", identity->fingerprint);
    json_add_truth(&json, "self", is_self);
    enum status status = json_print(&json);
    if (status != STATUS_OK)
        listing->status = status;
}

static void print_contact(void *context, const struct identity *identity)
{
    struct listing *listing = context;
    bool is_self = strcmp(identity->user, listing->session->user) == 0;
    bool is_narrow = listing->width > 0 && listing->width < FIELD_USER_MAX + 2 + FINGERPRINT_SIZE;
    listing->count++;
    if (listing->session->options.is_json)
        print_json(listing, identity, is_self);
    else if (is_narrow)
        (void)printf("%s%s\n  %s\n", identity->user, is_self ? " (you)" : "",
                     identity->fingerprint);
    else
        (void)printf("%-32s  %s%s\n", identity->user, identity->fingerprint,
                     is_self ? "  (you)" : "");
}

enum status contacts_main(struct session *s, int argc, char *argv[])
{
    struct listing listing = {.session = s, .width = page_width(STDOUT_FILENO)};
    (void)argc;
    (void)argv;
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    enum err err = pins_visit_identities(s->account.dir, print_contact, &listing);
    if (err != ERR_OK)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    if (listing.count == 0)
        say("nobody's identity is pinned here yet.");
    return listing.status;
}
