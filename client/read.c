/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read.c: the word `read`. A message is acknowledged, and so removed from the server, only after it was
 * shown or saved and that is noted, or after it was kept aside; anything that fails leaves it there. */
#include "words.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authenticate.h"
#include "quarantine.h"
#include "save.h"
#include "say.h"
#include "seen.h"
#include "show.h"

#include "base/banned.h"

/* What became of one message. */
enum outcome {
    OUTCOME_DONE, /* to be acknowledged */
    OUTCOME_KEPT, /* stays on the server; the next one can be read */
    OUTCOME_STOP, /* stays, and so do all others */
};

/* One run of the word. */
struct reading {
    struct session *session;
    struct seen seen;
    uint64_t first_login;
    uint64_t shown;
    enum status worst; /* the last that wasn't STATUS_OK */
};

static enum outcome stop(struct reading *r, enum status status)
{
    r->worst = status;
    return OUTCOME_STOP;
}

static enum outcome set_aside(struct reading *r, const struct received *m, const char *reason)
{
    char path[PATH_MAX];
    enum status status = quarantine_keep(r->session, m, reason, path);
    if (status != STATUS_OK)
        return stop(r, status);
    say("A MESSAGE FROM %s FAILED ITS CHECKS: %s.", m->sender, reason);
    say("It isn't shown. It was kept as %s; don't trust what it says, and tell %s by another way.",
        path, m->sender);
    r->worst = STATUS_FAILED_CHECK;
    return OUTCOME_DONE;
}

static enum outcome leave_file(struct reading *r, const struct received *m,
                               const struct inspected *i)
{
    struct visible_value name = visible_value(span_str(i->content.name));
    say("%s sent a file: %s (%s, %zu bytes). It stays on the server: save it with `read --output "
        "DIR`.",
        m->sender, name.text[0] != '\0' ? name.text : "without a name", i->content.type,
        i->content.data.len);
    r->worst = STATUS_CANT_CREATE;
    return OUTCOME_KEPT;
}

/* Puts the message where the user wants it. */
static enum outcome present(struct reading *r, const struct received *m, const struct inspected *i)
{
    const struct options *o = &r->session->options;
    char path[PATH_MAX] = "";
    struct shown shown = {.received = m, .inspected = i, .first_login = r->first_login};
    struct saving saving = {.output = o->output,
                            .name = i->content.name,
                            .id = m->id,
                            .data = show_data(m, i)};
    bool is_file = !show_is_text(i) || i->content.name[0] != '\0';
    struct stat st;
    bool is_dir = o->output != NULL && stat(o->output, &st) == 0 && S_ISDIR(st.st_mode);
    enum err err;

    /* A directory takes files; texts go on being shown. */
    if (o->output != NULL && (is_file || !is_dir)) {
        enum status status = save_data(&saving, path);
        if (status != STATUS_OK)
            return stop(r, status);
        shown.saved_as = path;
    } else if (!o->is_raw && !show_is_text(i)) {
        return leave_file(r, m, i);
    }
    if (o->is_raw && i->verdict == VERDICT_UNSIGNED)
        say("the message from %s is UNSIGNED: whoever runs the server could have written it.",
            m->sender);
    err = o->is_raw && shown.saved_as == NULL ? show_raw(saving.data) : show_message(&shown);
    if (err == ERR_OK)
        err = seen_add(&r->seen, m->id, m->sender);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't show a message");
        say("It stays on the server.");
        return stop(r, status);
    }
    r->shown++;
    return OUTCOME_DONE;
}

static enum outcome judge(struct reading *r, const struct received *m, const struct inspected *i)
{
    bool is_seen = false;
    switch (i->verdict) {
    case VERDICT_BAD:
        return set_aside(r, m, i->reason);
    case VERDICT_CHANGED:
        say("A message from %s stays on the server, unread.", m->sender);
        r->worst = i->status;
        return OUTCOME_KEPT;
    case VERDICT_UNKNOWN:
        return stop(r, i->status);
    default:
        break;
    }
    enum err err = seen_look(&r->seen, m->id, m->sender, &is_seen);
    if (err != ERR_OK)
        return stop(r, say_failure(err, "can't look up which messages were shown"));
    return is_seen ? OUTCOME_DONE : present(r, m, i);
}

/* One message, from READ to ACK. *is_last: there is none, or no more should be read. */
static enum status read_one(struct reading *r, bool *is_last)
{
    struct received m;
    struct inspected i;
    bool is_empty;
    int lock = -1;
    enum status status = received_next(r->session, &m, &is_empty);
    *is_last = status != STATUS_OK || is_empty;
    if (*is_last) {
        received_free(&m);
        return status;
    }
    enum err err = home_lock(r->session->account.dir, HOME_READ_LOCK, HOME_LOCK_MS, &lock);
    enum outcome outcome = OUTCOME_STOP;
    if (err == ERR_OK) {
        inspect_message(r->session, &m, &i);
        outcome = judge(r, &m, &i);
        inspect_free(&i);
    } else {
        r->worst = say_failure(err, "can't read now");
    }
    home_unlock(lock);
    if (outcome == OUTCOME_DONE)
        status = received_acknowledge(r->session, &m);
    *is_last = outcome == OUTCOME_STOP || status != STATUS_OK;
    received_free(&m);
    return status;
}

static enum status read_all(struct reading *r, uint64_t most)
{
    bool is_last = false;
    enum status status = STATUS_OK;
    while (!is_last && r->shown < most)
        status = read_one(r, &is_last);
    if (status != STATUS_OK)
        return status;
    if (r->shown == 0 && r->worst == STATUS_OK)
        say("no new messages.");
    else if (r->session->unread > 0 && isatty(STDERR_FILENO) == 1)
        say("%" PRIu64 " more unread.", r->session->unread);
    return r->worst;
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
    struct reading r = {.session = s, .seen = {.fd = -1}, .worst = STATUS_OK};
    (void)argc;
    (void)argv;
    enum status status = check_options(&s->options);
    if (status == STATUS_OK)
        status = authenticate_session(s);
    if (status != STATUS_OK)
        return status;
    enum err err = seen_open(&r.seen, s->account.dir);
    r.first_login = home_first_login(s->account.dir);
    uint64_t most = s->options.is_all ? UINT64_MAX : s->options.count;
    status = err == ERR_OK ? read_all(&r, most > 0 ? most : 1)
                           : say_failure(err, "can't open the list of shown messages");
    seen_close(&r.seen);
    return status;
}
