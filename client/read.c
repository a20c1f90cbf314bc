/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read.c: the word `read`. A message is acknowledged, and so removed from the server, only after it is in the
 * archive and was shown or saved and that is noted, or after it was kept aside; anything that fails leaves it
 * there. */
#include "words.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "authenticate.h"
#include "pins.h"
#include "quarantine.h"
#include "save.h"
#include "say.h"
#include "seen.h"
#include "show.h"

#include "base/banned.h"

/* Messages of one run that aren't shown: as many as a mailbox usually holds, so that no sender hides
 * others', and no server keeps a run from ending. */
#define MOST_HIDDEN 1000
/* Of the ids of one run, for a server that never runs out of good messages. */
#define IDS_MAX ((size_t)64 << 20)

/* What became of one message. */
enum outcome {
    OUTCOME_DONE, /* to be acknowledged */
    OUTCOME_LEFT, /* stays on the server; the next one can be read */
    OUTCOME_STOP, /* stays, and so do all others */
};

/* One run of the word. */
struct reading {
    struct session *session;
    struct seen seen;
    struct archive archive;
    struct buf ids; /* of all that the server gave in this run */
    uint64_t first_login;
    uint64_t shown;
    uint64_t hidden;    /* all others */
    enum status status; /* the last that wasn't STATUS_OK */
};

static enum outcome stop(struct reading *r, enum status status)
{
    r->status = status;
    return OUTCOME_STOP;
}

static enum outcome leave(struct reading *r, enum status status)
{
    r->status = status;
    return OUTCOME_LEFT;
}

static enum outcome set_aside(struct reading *r, const struct received *m, const char *reason)
{
    char path[PATH_MAX];
    enum status status = quarantine_keep(r->session, m, reason, path);
    if (status == STATUS_CANT_CREATE)
        return leave(r, status);
    if (status != STATUS_OK)
        return stop(r, status);
    say("A MESSAGE FROM %s FAILED ITS CHECKS: %s.", m->sender, reason);
    say("It isn't shown. It was kept as %s; don't trust what it says, and tell %s by another way.",
        path, m->sender);
    r->status = STATUS_FAILED_CHECK;
    return OUTCOME_DONE;
}

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
    if (err == ERR_OK)
        err = seen_add(&r->seen, note);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't show a message");
        say("It stays on the server.");
        return stop(r, status);
    }
    r->shown++;
    return OUTCOME_DONE;
}

/* Puts the message where the user wants it. */
static enum outcome present(struct reading *r, const struct received *m, const struct inspected *i,
                            const struct seen_message *note)
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
    bool goes_on = false;

    /* A directory takes files; texts go on being shown. */
    shown.is_withheld = o->output == NULL && !show_is_text(i);
    if (o->output == NULL || (!is_file && is_dir))
        return show(r, &shown, note);
    enum status status = save_data(&saving, path, &goes_on);
    if (status != STATUS_OK)
        return goes_on ? leave(r, status) : stop(r, status);
    shown.saved_as = path;
    enum outcome outcome = show(r, &shown, note);
    if (outcome != OUTCOME_DONE)
        save_undo(path);
    return outcome;
}

/* Behind the identity that it was checked with. */
static enum err append_body(struct reading *r, const struct received *m, const struct inspected *i,
                            struct buf *body)
{
    struct identity identity;
    struct buf text = BUF_INIT(IDENTITY_MAX);
    enum err err = ERR_OK;
    if (i->verdict == VERDICT_GOOD) {
        err = pins_find_text(r->session->account.dir, m->sender, &identity, &text);
        /* Another client may have changed the pin a moment ago. */
        if (err == ERR_OK && strcmp(identity.fingerprint, i->fingerprint) != 0)
            err = ERR_BUSY;
        if (err == ERR_OK)
            err = field_add_b64(body, "identity", buf_span(&text));
    }
    buf_free(&text);
    return err == ERR_OK ? buf_append_span(body, buf_span(&m->body)) : err;
}

/* What comes again, because it could not be shown or acknowledged, is there already. */
static enum err archive_message(struct reading *r, const struct received *m,
                                const struct inspected *i, const uint8_t digest[static HASH_LEN])
{
    bool is_good = i->verdict == VERDICT_GOOD, is_there = false;
    struct buf body = BUF_INIT(2 * CONNECTION_LINE_MAX);
    struct record record = {.kind = is_good ? RECORD_RECEIVED : RECORD_UNSIGNED,
                            .time = is_good ? i->time : m->time_stored,
                            .stored = m->time_stored,
                            .type = "text/plain",
                            .size = show_data(m, i).len};
    memcpy(record.id, m->id, sizeof(record.id));
    memcpy(record.peer, m->sender, sizeof(record.peer));
    memcpy(record.digest, digest, HASH_LEN);
    if (is_good) {
        memcpy(record.type, i->content.type, sizeof(record.type));
        memcpy(record.name, i->content.name, sizeof(record.name));
    }
    enum err err = archive_look(&r->archive, &record, &is_there);
    if (err == ERR_OK && !is_there)
        err = append_body(r, m, i, &body);
    if (err == ERR_OK && !is_there)
        err = archive_add(&r->archive, &record, buf_span(&body));
    buf_free(&body);
    return err;
}

static enum outcome judge(struct reading *r, const struct received *m, const struct inspected *i)
{
    struct seen_message note = {.id = m->id,
                                .sender = m->sender,
                                .is_signed = i->verdict == VERDICT_GOOD};
    enum seen_found found = SEEN_NEVER;
    switch (i->verdict) {
    case VERDICT_BAD:
        return set_aside(r, m, i->reason);
    case VERDICT_CHANGED:
        say("A message from %s stays on the server, unread.", m->sender);
        return leave(r, i->status);
    case VERDICT_UNKNOWN:
        return stop(r, i->status);
    default:
        break;
    }
    hash_sha256(note.digest, SPANS(buf_span(&m->body)));
    enum err err = seen_look(&r->seen, &note, &found);
    if (err != ERR_OK)
        return stop(r, say_failure(err, "can't look up which messages were shown"));
    if (found == SEEN_OTHER)
        return set_aside(r, m, "another message of this sender with the same id was shown before");
    if (found == SEEN_SAME)
        return OUTCOME_DONE;
    err = archive_message(r, m, i, note.digest);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't keep a message in the archive");
        say("It stays on the server.");
        return stop(r, status);
    }
    return present(r, m, i, &note);
}

/* READ gives each message once to a session: an id that comes again is a server's that doesn't want this to
 * end. */
static enum status note_id(struct reading *r, const struct received *m)
{
    for (size_t at = 0; at < r->ids.len; at += FIELD_ID_LEN) {
        if (memcmp(r->ids.data + at, m->id, FIELD_ID_LEN) == 0)
            return say_nonsense("READ");
    }
    enum err err = buf_append(&r->ids, m->id, FIELD_ID_LEN);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't read more at a time");
}

/* One message that was given, up to its ACK. */
static enum status take(struct reading *r, const struct received *m, enum outcome *outcome)
{
    struct inspected i;
    int lock = -1;
    uint64_t shown = r->shown;
    enum status status = note_id(r, m);
    *outcome = OUTCOME_STOP;
    if (status != STATUS_OK)
        return status;
    enum err err = home_lock(r->session->account.dir, HOME_READ_LOCK, HOME_LOCK_MS, &lock);
    if (err != ERR_OK)
        return say_failure(err, "can't read now");
    inspect_message(r->session, m, &i);
    *outcome = judge(r, m, &i);
    inspect_free(&i);
    home_unlock(lock);
    if (r->shown == shown && *outcome == OUTCOME_DONE)
        r->hidden++; /* those that stay on the server come again, and would hide what follows for ever */
    return *outcome == OUTCOME_DONE ? received_acknowledge(r->session, m) : STATUS_OK;
}

/* *is_last: there is none, or no more should be read. */
static enum status read_one(struct reading *r, bool *is_last)
{
    struct received m;
    bool is_empty;
    enum status status = received_next(r->session, &m, &is_empty);
    *is_last = status != STATUS_OK || is_empty;
    if (!*is_last) {
        enum outcome outcome;
        status = take(r, &m, &outcome);
        *is_last = outcome == OUTCOME_STOP || status != STATUS_OK;
        if (*is_last || outcome == OUTCOME_LEFT)
            r->session->has_left = true;
    }
    received_free(&m);
    return status;
}

static enum status read_all(struct reading *r, uint64_t most)
{
    bool is_last = false;
    enum status status = STATUS_OK;
    while (!is_last && r->shown < most && r->hidden < MOST_HIDDEN)
        status = read_one(r, &is_last);
    if (status != STATUS_OK)
        return status;
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

/* A session that was given messages isn't given them again: what was left is read on a new one. */
static enum status begin(struct session *s)
{
    if (s->has_left) {
        connection_close(&s->connection);
        s->is_logged_in = false;
        s->has_left = false;
    }
    return authenticate_session(s);
}

enum status read_main(struct session *s, int argc, char *argv[])
{
    struct reading r = {.session = s,
                        .seen = {.fd = -1},
                        .archive = {.fd = -1},
                        .ids = BUF_INIT(IDS_MAX),
                        .status = STATUS_OK};
    (void)argc;
    (void)argv;
    enum status status = check_options(&s->options);
    if (status == STATUS_OK)
        status = begin(s);
    if (status != STATUS_OK)
        return status;
    enum err err = seen_open(&r.seen, s->account.dir);
    if (err == ERR_OK)
        err = archive_open(&r.archive, s->account.dir, s->ring.vault.archive);
    r.first_login = home_first_login(s->account.dir);
    uint64_t most = s->options.is_all ? UINT64_MAX : s->options.count;
    status = err == ERR_OK
                 ? read_all(&r, most > 0 ? most : 1)
                 : say_failure(err, "can't open the archive, or the list of shown messages");
    archive_close(&r.archive);
    seen_close(&r.seen);
    buf_free(&r.ids);
    return status;
}
