/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read.c: the word `read`: shows or saves messages, by reading.h's rules. */
#include "words.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reading.h"
#include "save.h"
#include "say.h"
#include "show.h"

#include "base/banned.h"

/* Messages of one run that aren't shown: as many as a mailbox usually holds, so that no sender hides
 * others', and no server keeps a run from ending. */
#define MOST_HIDDEN 1000
/* Of those that stay on the server: a server could invent them for ever. */
#define MOST_LEFT 10000

/* Shows it, and notes that. */
static enum outcome show(struct reading *r, const struct shown *shown,
                         const struct seen_message *note)
{
    bool is_raw = r->session->options.is_raw;
    const char *sender = shown->received->sender;
    if (is_raw && shown->inspected->verdict == VERDICT_UNSIGNED)
        say("the message from %s is UNSIGNED: whoever runs the server could have written it.",
            sender);
    enum err err =
        is_raw ? show_raw(show_data(shown->received, shown->inspected)) : show_message(shown);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't show a message");
        say("It stays on the server.");
        return reading_stop(r, status);
    }
    return reading_note(r, note);
}

/* Puts the message where the user wants it. */
static enum outcome present(struct reading *r, const struct received *m, const struct inspected *i,
                            const struct seen_message *note)
{
    const struct options *o = &r->session->options;
    char path[PATH_MAX] = "";
    struct shown shown = {.received = m,
                          .inspected = i,
                          .first_login = r->first_login,
                          .is_json = o->is_json};
    struct saving saving = {.output = o->output,
                            .name = i->content.name,
                            .id = m->id,
                            .data = show_data(m, i)};
    bool is_file = !show_is_text(i) || i->content.name[0] != '\0';
    struct stat st;
    bool is_dir = o->output != NULL && stat(o->output, &st) == 0 && S_ISDIR(st.st_mode);
    bool goes_on = false;

    /* A directory takes files; texts go on being shown. */
    shown.is_withheld = o->output == NULL && !show_is_text(i);
    if (o->output == NULL || (!is_file && is_dir))
        return show(r, &shown, note);
    enum status status = save_data(&saving, path, &goes_on);
    if (status != STATUS_OK)
        return goes_on ? reading_leave(r, status) : reading_stop(r, status);
    shown.saved_as = path;
    enum outcome outcome = show(r, &shown, note);
    if (outcome != OUTCOME_DONE)
        save_undo(path);
    return outcome;
}

static enum status read_all(struct reading *r, uint64_t most)
{
    bool is_last = false;
    enum status status = STATUS_OK;
    while (!is_last && r->shown < most && r->hidden < MOST_HIDDEN && r->left < MOST_LEFT)
        status = reading_next(r, &is_last);
    if (status != STATUS_OK)
        return status;
    if (r->left >= MOST_LEFT) {
        say("%d messages stay on the server, and it may have more. That is enough for once.",
            MOST_LEFT);
        return r->status;
    }
    if (r->hidden >= MOST_HIDDEN) {
        say("%d messages weren't shown. That is enough for once: read again for what follows them.",
            MOST_HIDDEN);
        return r->status != STATUS_OK ? r->status : STATUS_TEMPORARY;
    }
    if (r->shown == 0 && r->status == STATUS_OK)
        say("no new messages.");
    else if (r->session->unread > 0 && isatty(STDERR_FILENO) == 1)
        say("%" PRIu64 " more unread.", r->session->unread);
    return r->status;
}

static enum status check_options(const struct options *o)
{
    if (o->is_all && o->count != 0) {
        say("read takes either -n or --all.");
        return STATUS_USAGE;
    }
    if (o->is_raw && o->output != NULL) {
        say("read takes either --raw or --output.");
        return STATUS_USAGE;
    }
    if (o->is_raw && isatty(STDOUT_FILENO) == 1) {
        say("--raw doesn't write to a terminal: what others wrote could drive it. Redirect it to a "
            "file "
            "or a pipe.");
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

enum status read_main(struct session *s, int argc, char *argv[])
{
    struct reading r;
    (void)argc;
    (void)argv;
    enum status status = check_options(&s->options);
    if (status == STATUS_OK)
        status = reading_begin(s);
    if (status != STATUS_OK)
        return status;
    uint64_t most = s->options.is_all ? UINT64_MAX : s->options.count;
    status = reading_open(&r, s, present);
    if (status == STATUS_OK)
        status = read_all(&r, most > 0 ? most : 1);
    reading_close(&r);
    return status;
}
