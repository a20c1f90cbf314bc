/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of pins, of any bytes: a pin is found as it stands there, and isn't lost when another is added. */
#include "client/pins.h"

#include <fcntl.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

static char hosts[256], identities[256];
static int dir;

void fuzz_start(void)
{
    people_meet();
    snprintf(hosts, sizeof(hosts), "%s/" PINS_HOSTS_FILE, fuzz_directory());
    snprintf(identities, sizeof(identities), "%s/" PINS_IDENTITIES_FILE, fuzz_directory());
    dir = open(fuzz_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void check_hosts(struct span in)
{
    static const uint8_t other[HOST_KEY_LEN] = {8};
    uint8_t before[HOST_KEY_LEN], after[HOST_KEY_LEN];
    struct span server = SPAN("localhost:7325");
    fuzz_write_file(hosts, in);
    enum err e = pins_find_host(dir, server, before);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_DAMAGED);
    enum err added = pins_add_host(dir, server, other);
    if (e == ERR_OK)
        FUZZ_HOLDS(added == (memcmp(before, other, sizeof(other)) ? ERR_EXISTS : ERR_DUPLICATE));
    if (added == ERR_OK)
        FUZZ_HOLDS(e == ERR_NOT_FOUND);
    if (e == ERR_DAMAGED)
        FUZZ_HOLDS(added == ERR_DAMAGED);
    enum err found = pins_find_host(dir, server, after);
    FUZZ_HOLDS(added != ERR_OK || found == ERR_OK);
    FUZZ_HOLDS(e != ERR_OK || memcmp(before, after, sizeof(after)) == 0);
    if (found == ERR_OK) {
        enum err replaced = pins_replace_host(dir, server, other);
        FUZZ_HOLDS(replaced == ERR_OK || replaced == ERR_DUPLICATE);
        FUZZ_OK(pins_find_host(dir, server, after));
        FUZZ_HOLDS(memcmp(after, other, sizeof(other)) == 0);
    }
}

static void visit(void *context, const struct identity *identity)
{
    FUZZ_HOLDS(field_is_user(span_str(identity->user)));
    ++*(unsigned *)context;
}

static void check_identities(struct span in)
{
    struct identity found;
    unsigned before = 0, after = 0;
    fuzz_write_file(identities, in);
    enum err visited = pins_visit_identities(dir, visit, &before);
    FUZZ_HOLDS(visited == ERR_OK || visited == ERR_DAMAGED);
    enum err e = pins_find_identity(dir, "alice", &found);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_DAMAGED);
    FUZZ_HOLDS(e != ERR_OK || strcmp(found.user, "alice") == 0);
    enum err added = pins_add_identity(dir, buf_span(&alice.text));
    if (added == ERR_OK) {
        FUZZ_HOLDS(e == ERR_NOT_FOUND);
        FUZZ_OK(pins_find_identity(dir, "alice", &found));
        FUZZ_HOLDS(strcmp(found.fingerprint, alice.identity.fingerprint) == 0);
        FUZZ_HOLDS(pins_visit_identities(dir, visit, &after) == visited);
        FUZZ_HOLDS(visited != ERR_OK || after == before + 1);
    }
}

static void check_command(struct span in)
{
    char command[1024];
    struct buf name = BUF_INIT(8192);
    FUZZ_OK(pins_command_name(&name, fuzz_text(in, command, sizeof(command))));
    FUZZ_HOLDS(fuzz_is_printable(buf_span(&name)));
    buf_free(&name);
}

void fuzz_one(struct span in)
{
    switch (fuzz_take_byte(&in) % 3) {
    case 0:
        check_hosts(in);
        break;
    case 1:
        check_identities(in);
        break;
    default:
        check_command(in);
    }
}
