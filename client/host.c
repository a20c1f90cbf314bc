/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.c: judges host keys. A key that nobody has signed with yet is compared, and no more; it is pinned, here and
 * nowhere else, when the server has proved that it has it. */
#include "host.h"

#include <string.h>

#include "advice.h"
#include "crypto/hash.h"
#include "pins.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

/* The client's directory is made for its first pin: without it, there is none. */
enum err host_find_pin(const struct session *s, uint8_t key[static HOST_KEY_LEN])
{
    return s->home.dir < 0 ? ERR_NOT_FOUND : pins_find_host(s->home.dir, buf_span(&s->server), key);
}

bool host_suits_address(const struct session *s, const char *fingerprint)
{
    const char *pin = s->address.pin;
    return s->options.exec != NULL || pin[0] == '\0' || strcmp(pin, fingerprint) == 0;
}

static enum status say_changed(const struct session *s, const char *pinned, const char *now,
                               const char *where)
{
    struct visible_value server = session_server(s);
    say("THE HOST KEY OF %s HAS CHANGED. Somebody may be between you and the server. Nothing was "
        "sent.",
        server.text);
    say("  pinned: %s%s", pinned, where);
    say("  now:    %s", now);
    return STATUS_CHANGED;
}

static enum status say_how_to_accept(const struct session *s, const char *now)
{
    say("Ask whoever runs the server, by another way, which one is right. Only if it is the new "
        "one, accept it, and log in or register again there:");
    advice_say_trust(s, NULL, now);
    return STATUS_CHANGED;
}

static enum status say_not_accepted(const struct session *s, const char *now)
{
    struct visible_value server = session_server(s);
    say("the host key of %s isn't the one that you gave. Nothing was changed.", server.text);
    say("  given: %s", s->accepted_host);
    say("  now:   %s", now);
    return STATUS_CHANGED;
}

/* Whether another one is pinned here: then it isn't the address alone that disagrees. */
static bool has_changed(const struct session *s, const char *now)
{
    uint8_t pinned[HOST_KEY_LEN];
    char old[FINGERPRINT_SIZE];
    if (host_find_pin(s, pinned) != ERR_OK)
        return false;
    hash_fingerprint(old, span_of(pinned, HOST_KEY_LEN));
    return strcmp(old, now) != 0;
}

enum status host_compare_address(const struct session *s, const char *now)
{
    struct visible_value server = session_server(s);
    if (host_suits_address(s, now))
        return STATUS_OK;
    if (has_changed(s, now)) {
        (void)say_changed(s, s->address.pin, now, " (by the address)");
    } else {
        say("the host key of %s isn't the one in the address. Nothing was sent.", server.text);
        say("  address: %s", s->address.pin);
        say("  now:     %s", now);
    }
    say("Ask whoever gave you the address, by another way, which one is right.");
    return STATUS_CHANGED;
}

static enum status compare_pin(const struct session *s, const uint8_t pinned[static HOST_KEY_LEN],
                               const char *now)
{
    char old[FINGERPRINT_SIZE];
    hash_fingerprint(old, span_of(pinned, HOST_KEY_LEN));
    if (strcmp(old, now) == 0 || strcmp(s->accepted_host, now) == 0)
        return STATUS_OK;
    (void)say_changed(s, old, now, "");
    return say_how_to_accept(s, now);
}

enum status host_compare(void *context, const uint8_t host_key[static HOST_KEY_LEN])
{
    struct session *s = context;
    uint8_t pinned[HOST_KEY_LEN];
    char now[FINGERPRINT_SIZE];
    hash_fingerprint(now, span_of(host_key, HOST_KEY_LEN));
    enum err err = host_find_pin(s, pinned);
    s->is_host_pinned = err == ERR_OK && memcmp(pinned, host_key, HOST_KEY_LEN) == 0;
    enum status status = host_compare_address(s, now);
    if (status != STATUS_OK)
        return status;
    if (s->accepted_host[0] != '\0' && strcmp(s->accepted_host, now) != 0)
        return say_not_accepted(s, now);
    /* Within one run the key stays what it was, even if somebody edits the file meanwhile. */
    if (s->has_host_key && (err == ERR_OK || err == ERR_NOT_FOUND)) {
        memcpy(pinned, s->host_key, HOST_KEY_LEN);
        err = ERR_OK;
    }
    if (err == ERR_NOT_FOUND)
        return STATUS_OK;
    if (err != ERR_OK)
        return pins_say_failure(err, s->home.path, PINS_HOSTS_FILE);
    return compare_pin(s, pinned, now);
}

enum status host_say_unpinned(const struct session *s, const char *now)
{
    struct visible_value server = session_server(s);
    say("the host key of %s isn't pinned here, and --trust=strict pins nothing by itself:",
        server.text);
    say("  now:    %s", now);
    say("Ask whoever runs the server, by another way, if it is right. If it is:");
    advice_say_trust(s, NULL, now);
    return STATUS_CHANGED;
}

static enum err add_pin(const struct session *s, const uint8_t host_key[static HOST_KEY_LEN],
                        bool is_accepted)
{
    struct span server = buf_span(&s->server);
    return is_accepted ? pins_replace_host(s->home.dir, server, host_key)
                       : pins_add_host(s->home.dir, server, host_key);
}

enum status host_pin(void *context, const uint8_t host_key[static HOST_KEY_LEN])
{
    struct session *s = context;
    uint8_t pinned[HOST_KEY_LEN];
    char now[FINGERPRINT_SIZE];
    struct visible_value server = session_server(s);
    if (s->is_host_pinned)
        return STATUS_OK;
    hash_fingerprint(now, span_of(host_key, HOST_KEY_LEN));
    bool is_accepted = strcmp(s->accepted_host, now) == 0;
    if (options_is_strict(&s->options) && !is_accepted && strcmp(s->address.pin, now) != 0)
        return host_say_unpinned(s, now);
    enum status status = home_make(&s->home);
    if (status != STATUS_OK)
        return status;
    enum err err = add_pin(s, host_key, is_accepted);
    if (err == ERR_OK) {
        say(is_accepted ? "the host key of %s is pinned from now on:"
                        : "first contact with %s. Its host key is pinned from now on:",
            server.text);
        say("  %s", now);
    }
    if (err == ERR_OK || err == ERR_DUPLICATE)
        return STATUS_OK;
    /* Another client was faster: what it pinned is what counts. */
    if (err == ERR_EXISTS)
        err = host_find_pin(s, pinned);
    return err == ERR_OK ? compare_pin(s, pinned, now)
                         : pins_say_failure(err, s->home.path, PINS_HOSTS_FILE);
}
