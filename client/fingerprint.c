/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fingerprint.c: the word `fingerprint`: what two people compare. One that isn't pinned yet is asked for, and
 * pinned by the rules of first use. */
#include "words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authenticate.h"
#include "identify.h"
#include "json.h"
#include "page.h"
#include "pins.h"
#include "qr.h"
#include "say.h"

#include "base/banned.h"

static enum status ask(struct session *s, const char *user, struct identity *identity)
{
    if (strcmp(user, s->user) == 0) {
        say("%s was never logged in here. Log in, or register, first.", s->user);
        return STATUS_NO_PERMISSION;
    }
    enum status status = authenticate_session(s);
    return status == STATUS_OK ? identify_user(s, user, identity) : status;
}

static enum status find(struct session *s, const char *user, struct identity *identity)
{
    enum err err = pins_find_identity(s->account.dir, user, identity);
    if (err == ERR_NOT_FOUND)
        return ask(s, user, identity);
    return err == ERR_OK ? STATUS_OK : pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
}

static enum status print_code(const char *fingerprint)
{
    struct buf rows = BUF_INIT(QR_MAX);
    bool is_ascii = visible_wants_ascii();
    size_t width = page_width(STDOUT_FILENO), columns = 0;
    enum err err = qr_append(&rows, fingerprint, is_ascii, &columns);
    if (err != ERR_OK) {
        buf_free(&rows);
        return say_failure(err, "can't make the code");
    }
    if (width > 0 && width < columns)
        say("the code needs %zu columns, and the terminal has %zu: make it wider.", columns, width);
    else
        (void)fwrite(rows.data, 1, rows.len, stdout);
    bool has_room = width == 0 || width >= columns;
    buf_free(&rows);
    return has_room ? STATUS_OK : STATUS_CANT_CREATE;
}

static enum status print(const struct session *s, const struct identity *identity)
{
    if (s->options.is_json) {
        struct json json;
        json_begin(&json);
        json_add_string(&json, "user", identity->user);
        json_add_string(&json, "identity", identity->fingerprint);
        return json_print(&json);
    }
    (void)printf(page_width(STDOUT_FILENO) > 0 ? "%s\n  %s\n" : "%s %s\n", identity->user,
                 identity->fingerprint);
    return s->options.is_qr ? print_code(identity->fingerprint) : STATUS_OK;
}

enum status fingerprint_main(struct session *s, int argc, char *argv[])
{
    struct identity identity;
    char user[FIELD_USER_SIZE];
    if (s->options.is_qr && s->options.is_json) {
        say("fingerprint takes either --qr or --json.");
        return STATUS_USAGE;
    }
    enum status status = argc > 1 ? session_take_name(user, argv[1]) : STATUS_OK;
    if (status == STATUS_OK)
        status = session_choose_user(s, NULL);
    if (status == STATUS_OK)
        status = find(s, argc > 1 ? user : s->user, &identity);
    return status == STATUS_OK ? print(s, &identity) : status;
}
