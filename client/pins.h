/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pins.h: host keys and identities, pinned when they are first seen, and never changed by themselves.
 *
 * <home>/hosts has lines `<b64 host key> <server>`, where server is host:port, or `exec:` and the command
 * (in which %, control bytes and bytes above 0x7e are written %XX). An account's `identities` has lines
 * `<user> <fingerprint> <b64 identity>`. Removing a line by hand accepts whatever comes next; the word `trust` replaces one. */
#ifndef SECMSG_CLIENT_PINS_H
#define SECMSG_CLIENT_PINS_H

#include "crypto/identity.h"
#include "home.h"
#include "say.h"

#define PINS_HOSTS_FILE      "hosts"
#define PINS_IDENTITIES_FILE "identities"

/* Appends the name under which a command's host key is kept. */
enum err pins_command_name(struct buf *name, const char *command) MUST_USE;

/* ERR_NOT_FOUND, ERR_DAMAGED for a file with a line that isn't of its form, ERR_IO. */
enum err pins_find_host(int home_dir, struct span server,
                        uint8_t key[static HOST_KEY_LEN]) MUST_USE;

/* Pins a host key. ERR_DUPLICATE if the same is pinned already, ERR_EXISTS if another is (nothing is
 * changed then); ERR_BUSY, ERR_DAMAGED, ERR_IO, ERR_NO_SPACE. */
enum err pins_add_host(int home_dir, struct span server,
                       const uint8_t key[static HOST_KEY_LEN]) MUST_USE;

/* The same for the identity of a user, in an account's directory; it is parsed and verified again. */
enum err pins_find_identity(int account_dir, const char *user, struct identity *identity) MUST_USE;
enum err pins_add_identity(int account_dir, struct span text) MUST_USE;

/* The same, but another that is pinned makes room. */
enum err pins_replace_host(int home_dir, struct span server,
                           const uint8_t key[static HOST_KEY_LEN]) MUST_USE;
enum err pins_replace_identity(int account_dir, struct span text) MUST_USE;

/* Calls visitor for each pinned identity, in the order of the file. ERR_DAMAGED, ERR_IO. */
typedef void pins_visitor(void *context, const struct identity *identity);
enum err pins_visit_identities(int account_dir, pins_visitor *visitor, void *context) MUST_USE;

/* Appends the text of a pinned identity, and parses it too. */
enum err pins_find_text(int account_dir, const char *user, struct identity *identity,
                        struct buf *text) MUST_USE;

/* Says that a file of pins in a directory can't be used. */
enum status pins_say_failure(enum err err, const char *dir, const char *file);

#endif
