/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reading.c: takes messages one by one: checked, archived, presented, noted, and only then acknowledged. */
#include "reading.h"

#include <string.h>

#include "authenticate.h"
#include "pins.h"
#include "quarantine.h"
#include "say.h"
#include "show.h"

#include "base/banned.h"

/* Of the ids of one run, for a server that never runs out of good messages. */
#define IDS_MAX ((size_t)64 << 20)

enum outcome reading_stop(struct reading *r, enum status status)
{
    r->status = status;
    return OUTCOME_STOP;
}

enum outcome reading_leave(struct reading *r, enum status status)
{
    r->status = status;
    return OUTCOME_LEFT;
}

enum outcome reading_note(struct reading *r, const struct seen_message *note)
{
    enum err err = seen_add(&r->seen, note);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't note that a message was shown");
        say("It stays on the server.");
        return reading_stop(r, status);
    }
    r->shown++;
    return OUTCOME_DONE;
}

enum outcome reading_show(struct reading *r, const struct received *m, const struct inspected *i,
                          const struct seen_message *note)
{
    struct shown shown = {.received = m,
                          .inspected = i,
                          .first_login = r->first_login,
                          .is_json = r->session->options.is_json,
                          .is_withheld = !show_is_text(i)};
    enum err err = show_message(&shown);
    if (err == ERR_OK)
        return reading_note(r, note);
    enum status status = say_failure(err, "can't show a message");
    say("It stays on the server.");
    return reading_stop(r, status);
}

static enum outcome set_aside(struct reading *r, const struct received *m, const char *reason)
{
    char path[PATH_MAX];
    enum status status = quarantine_keep(r->session, m, reason, path);
    if (status == STATUS_CANT_CREATE)
        return reading_leave(r, status);
    if (status != STATUS_OK)
        return reading_stop(r, status);
    say("A MESSAGE FROM %s FAILED ITS CHECKS: %s.", m->sender, reason);
    say("It isn't shown. It was kept as %s; don't trust what it says, and tell %s by another way.",
        path, m->sender);
    r->status = STATUS_FAILED_CHECK;
    return OUTCOME_DONE;
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
        return reading_leave(r, i->status);
    case VERDICT_UNKNOWN:
        return reading_stop(r, i->status);
    default:
        break;
    }
    hash_sha256(note.digest, SPANS(buf_span(&m->body)));
    enum err err = seen_look(&r->seen, &note, &found);
    if (err != ERR_OK)
        return reading_stop(r, say_failure(err, "can't look up which messages were shown"));
    if (found == SEEN_OTHER)
        return set_aside(r, m, "another message of this sender with the same id was shown before");
    if (found == SEEN_SAME)
        return OUTCOME_DONE;
    err = archive_message(r, m, i, note.digest);
    if (err != ERR_OK) {
        enum status status = say_failure(err, "can't keep a message in the archive");
        say("It stays on the server.");
        return reading_stop(r, status);
    }
    return r->present(r, m, i, &note);
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
    r->left += *outcome == OUTCOME_LEFT;
    return *outcome == OUTCOME_DONE ? received_acknowledge(r->session, m) : STATUS_OK;
}

enum status reading_next(struct reading *r, bool *is_last)
{
    struct received m;
    bool is_empty;
    enum status status = received_next(r->session, &m, &is_empty);
    *is_last = status != STATUS_OK || is_empty;
    if (is_empty)
        buf_clear(&r->ids);
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

enum status reading_begin(struct session *s)
{
    if (s->has_left) {
        connection_close(&s->connection);
        s->is_logged_in = false;
        s->has_left = false;
    }
    return authenticate_session(s);
}

enum status reading_open(struct reading *r, struct session *s, reading_present *present)
{
    *r = (struct reading){.session = s,
                          .present = present,
                          .seen = {.fd = -1},
                          .archive = {.fd = -1},
                          .ids = BUF_INIT(IDS_MAX),
                          .first_login = home_first_login(s->account.dir),
                          .status = STATUS_OK};
    enum err err = seen_open(&r->seen, s->account.dir);
    if (err == ERR_OK)
        err = archive_open(&r->archive, s->account.dir, s->ring.vault.archive);
    return err == ERR_OK
               ? STATUS_OK
               : say_failure(err, "can't open the archive, or the list of shown messages");
}

void reading_close(struct reading *r)
{
    archive_close(&r->archive);
    seen_close(&r->seen);
    buf_free(&r->ids);
}
