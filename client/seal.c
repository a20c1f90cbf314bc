/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seal.c: the word `seal`: what `send` would send, as an envelope on stdout, to be carried some other way. It is
 * sealed for a pinned identity, and no server is asked. */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "authenticate.h"
#include "base/clock.h"
#include "crypto/envelope.h"
#include "pins.h"
#include "save.h"
#include "say.h"
#include "source.h"

#include "base/banned.h"

static enum status find_recipient(struct session *s, const char *user, struct identity *to)
{
    enum err err = pins_find_identity(s->account.dir, user, to);
    if (err == ERR_OK)
        return STATUS_OK;
    if (err != ERR_NOT_FOUND)
        return pins_say_failure(err, s->account.path, PINS_IDENTITIES_FILE);
    say("the identity of %s isn't pinned here: `%sfingerprint %s` asks the server for it.", user,
        say_command(), user);
    return STATUS_NO_USER;
}

static enum status seal(struct session *s, const struct letter *letter, const struct identity *to)
{
    char id[FIELD_ID_SIZE];
    struct buf envelope = BUF_INIT(CONNECTION_LINE_MAX);
    struct message message = {.id = id,
                              .time = clock_wall(),
                              .type = letter->type,
                              .name = letter->name,
                              .data = letter->data};
    field_make_id(id);
    enum err err = envelope_seal(&envelope, &message, &s->ring.self, s->ring.vault.sign, to);
    char name[FIELD_ID_SIZE + sizeof(".envelope")];
    (void)snprintf(name, sizeof(name), "%s.envelope", id);
    struct saving saving = {.output = s->options.output,
                            .name = name,
                            .id = id,
                            .data = buf_span(&envelope),
                            .is_archived = true};
    enum status status = STATUS_DATA;
    if (err == ERR_TOO_LARGE)
        say("the message is too large to be sealed.");
    else if (err != ERR_OK)
        status = say_failure(err, "can't seal the message");
    else
        status = save_or_print(&saving, "can't write the envelope");
    buf_free(&envelope);
    return status;
}

static enum status check_words(const struct session *s, int argc, char *argv[])
{
    bool is_dash = argc > 2 && strcmp(argv[2], "-") == 0;
    if (argc < 2 || (argc > 2 && !is_dash)) {
        say("seal for whom? Type: %sseal USER [-m TEXT | -f FILE | -] -o FILE", say_command());
        return STATUS_USAGE;
    }
    enum status status = source_check(s, is_dash, "seal");
    if (status == STATUS_OK && s->is_prompt && source_is_stdin(s)) {
        say("at the prompt, give -m \"TEXT\" or -f FILE.");
        status = STATUS_USAGE;
    }
    return status;
}

enum status seal_main(struct session *s, int argc, char *argv[])
{
    char user[FIELD_USER_SIZE];
    struct identity to;
    struct letter letter = {.name = NULL};
    struct buf data = BUF_INIT(CONNECTION_LINE_MAX);
    enum status status = check_words(s, argc, argv);
    if (status == STATUS_OK)
        status = session_take_name(user, argv[1]);
    if (status == STATUS_OK)
        status = source_gather(s, &letter, &data, "sealed");
    if (status == STATUS_OK)
        status = session_choose_user(s, NULL);
    if (status == STATUS_OK)
        status = find_recipient(s, user, &to);
    if (status == STATUS_OK)
        status = authenticate_keys(s, false);
    if (status == STATUS_OK)
        status = seal(s, &letter, &to);
    buf_free(&data);
    return status;
}
