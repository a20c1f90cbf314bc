/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The old log is read from front to back, and the index as it was at its end says of each record whether it
 * still counts. Invariant: the new records make an index that answers as the old one did, but for messages
 * that expired and ids that are forgotten: same versions, sequences and counts, and an older session's
 * cursor still fits. The old index isn't believed: an entry that it has lost would take a message with it, so the
 * books are balanced at the end, by mailbox and against the marker. */
#include "store/gdbm/select.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "store/gdbm/age.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/invitation.h"
#include "store/gdbm/memory.h"
#include "store/gdbm/scan.h"
#include "store/store.h"

#include "base/banned.h"

/* Appends a record to the new log, and applies it to the new index. */
static enum err emit(struct select *s, struct record_head head, struct span fixed, struct span rest)
{
    const struct journal_append append = {.type = (enum record_type)head.type,
                                          .flags = head.flags,
                                          .time = head.time,
                                          .age = head.age,
                                          .fixed = fixed,
                                          .rest = rest};
    struct apply_record record = {.place = s->born.place,
                                  .head = head,
                                  .fixed = fixed,
                                  .rest = rest};
    enum err e = journal_append(&s->next, &s->born, &append);
    record.size = s->born.place - record.place;
    return e ? e : apply_to_index(s->index, &s->marker, &record);
}

/* Of what is new in this generation: as late as all that it is made of. */
static struct record_head birth_head(const struct select *s, enum record_type type)
{
    return (struct record_head){.type = (uint8_t)type,
                                .time = (uint32_t)s->counters.last_time,
                                .age = (uint32_t)s->counters.last_age};
}

/* The account's latest record becomes its first; its mailbox's counters follow at the end. */
static enum err emit_account(struct select *s, const struct entry_account *account)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    enum err e = journal_read(&s->old, account->place, account->length, &head, &payload);
    struct apply_record record = {.head = head};
    if (!e)
        e = apply_split(&record, buf_span(&payload));
    if (!e && record.fixed.len != sizeof(struct record_account))
        e = ERR_DAMAGED;
    head.type = RECORD_REGISTER;
    if (!e)
        e = emit(s, head, record.fixed, record.rest);
    if (!e)
        e = buf_append(&s->mailboxes, &account->mailbox, sizeof(account->mailbox));
    buf_free(&payload);
    return e;
}

/* A reserved name stays reserved, and waits for whom it waited. */
static enum err emit_reserved(struct select *s, const struct entry_account *account)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    struct record_delete d;
    enum err e = journal_read(&s->old, account->place, account->length, &head, &payload);
    struct apply_record record = {.head = head};
    if (!e)
        e = apply_split(&record, buf_span(&payload));
    if (!e && head.type != RECORD_DELETE)
        e = ERR_DAMAGED;
    if (!e) {
        memcpy(&d, record.fixed.data, sizeof(d));
        d.mailbox = 0;
        e = emit(s, head, span_of(&d, sizeof(d)), record.rest);
    }
    buf_free(&payload);
    return e;
}

/* At the first record of a name: what has become of it. */
static enum err take_account(struct select *s, const struct apply_record *record)
{
    char name[LAYOUT_NAME_LEN];
    struct entry_account account;
    memcpy(name, record->fixed.data, sizeof(name)); /* all three begin with it */
    enum err e = entry_get_account(s->index, name, &account);
    if (e != ERR_NOT_FOUND)
        return e;
    e = entry_get_account(s->was, name, &account);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    return account.state == ACCOUNT_DELETED ? emit_reserved(s, &account)
                                            : emit_account(s, &account);
}

static bool is_expired(const struct select *s, const struct memory *known)
{
    return s->retention != 0 && age_is_over(known->age, s->retention, s->now);
}

static enum err emit_group(struct select *s, struct gather_group *group)
{
    const struct record_head head = birth_head(s, RECORD_MEMORY);
    enum err e = emit(s, head, span_of(&group->head, sizeof(group->head)),
                      span_of(group->items, group->n * sizeof(group->items[0])));
    group->n = 0;
    return e;
}

/* Of a message that is gone: its id, unless that is forgotten. */
static enum err take_memory(struct select *s, const struct record_memory *head,
                            const struct memory_item *item)
{
    const struct memory memory = {.age = item->age};
    struct gather_group *full;
    if (memory_is_over(&memory, s->now)) {
        s->gone.ids++;
        s->gone.bytes += STORE_ID_BYTES;
        s->gone.live_bytes += MEMORY_LIVE;
        return ERR_OK;
    }
    enum err e = gather_add(&s->gather, head, item, &full);
    if (!e && full != NULL)
        e = emit_group(s, full);
    if (!e && full != NULL)
        e = gather_add(&s->gather, head, item, &full);
    return e;
}

static enum err take_rest(struct select *s)
{
    enum err e = ERR_OK;
    struct gather_group *group;
    while (!e && (group = gather_next(&s->gather)) != NULL)
        e = emit_group(s, group);
    return e;
}

/* What the old index knows of an id in a mailbox that is still there. */
static enum err find_known(const struct select *s, uint64_t number, const uint8_t *message,
                           struct memory *known)
{
    struct entry_mailbox mailbox;
    enum err e = entry_get_mailbox(s->was, number, &mailbox);
    return e ? e : memory_find(s->was, number, message, known);
}

/* What a MEMORY record says of a message. */
static struct record_memory memory_head(const struct record_put *put)
{
    struct record_memory head = {.mailbox = put->mailbox};
    memcpy(head.sender, put->sender, sizeof(head.sender));
    return head;
}

static struct memory_item memory_item(const struct record_put *put, uint64_t age)
{
    struct memory_item item = {.age = (uint32_t)age};
    memcpy(item.id, put->id, sizeof(item.id));
    memcpy(item.hash, put->hash, sizeof(item.hash));
    return item;
}

/* A message that waits, or the id of one that is gone; else nothing. */
static enum err take_message(struct select *s, const struct apply_record *record)
{
    struct record_put put;
    struct memory known;
    memcpy(&put, record->fixed.data, sizeof(put));
    enum err e = find_known(s, put.mailbox, put.id, &known);
    if (e || known.is_carried || known.sequence != put.sequence)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (known.is_waiting && !is_expired(s, &known))
        return emit(s, record->head, record->fixed, record->rest);
    if (known.is_waiting) {
        s->gone.messages++;
        s->gone.bytes += record->rest.len;
        s->gone.live_bytes += journal_record_size(sizeof(put) + record->rest.len) - MEMORY_LIVE;
    }
    const struct record_memory head = memory_head(&put);
    const struct memory_item item = memory_item(&put, known.age);
    return take_memory(s, &head, &item);
}

/* As its index entry was made at birth, unless the id was used again since. */
static enum err take_remembered(struct select *s, const struct record_memory *head,
                                const struct memory_item *item)
{
    struct memory known;
    enum err e = find_known(s, head->mailbox, item->id, &known);
    if (e || !known.is_carried)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (known.age != item->age || memcmp(known.hash, item->hash, sizeof(item->hash)) != 0)
        return ERR_DAMAGED;
    return take_memory(s, head, item);
}

static enum err take_carried(struct select *s, const struct apply_record *record)
{
    struct record_memory head;
    struct memory_item item;
    enum err e = ERR_OK;
    memcpy(&head, record->fixed.data, sizeof(head));
    for (size_t at = 0; !e && at + sizeof(item) <= record->rest.len; at += sizeof(item)) {
        memcpy(&item, record->rest.data + at, sizeof(item));
        e = take_remembered(s, &head, &item);
    }
    return e;
}

/* A log of before had a record for each id. */
static enum err take_old_memory(struct select *s, const struct apply_record *record)
{
    struct record_put put;
    memcpy(&put, record->fixed.data, sizeof(put));
    const struct record_memory head = memory_head(&put);
    const struct memory_item item = memory_item(&put, record->head.age);
    return take_remembered(s, &head, &item);
}

/* An invitation that is still good, or a use that was spent of one. */
static enum err take_invitation(struct select *s, const struct apply_record *record)
{
    enum invitation_fate fate;
    enum err e = invitation_judge(s->was, record, s->now, &fate);
    if (e)
        return e;
    if (fate == INVITATION_LIVING)
        return emit(s, record->head, record->fixed, record->rest);
    if (fate == INVITATION_ENDED) {
        s->gone.invitations++;
        s->gone.live_bytes += journal_record_size(record->fixed.len + record->rest.len);
    }
    return ERR_OK;
}

static enum err take_record(struct select *s, const struct scan_record *scanned)
{
    struct apply_record record = {.place = scanned->place, .head = scanned->head};
    enum err e = apply_split(&record, scanned->payload);
    if (e)
        return e;
    switch (record.head.type) {
    case RECORD_REGISTER:
    case RECORD_PASSWORD: /* the first where the one before is a damaged stretch */
    case RECORD_DELETE:
        return take_account(s, &record);
    case RECORD_PUT:
        return take_message(s, &record);
    case RECORD_MEMORY:
        return take_carried(s, &record);
    case RECORD_REMEMBER:
        return take_old_memory(s, &record);
    case RECORD_INVITATION:
    case RECORD_USE:
        return take_invitation(s, &record);
    default:
        return ERR_OK;
    }
}

static enum err take_as_it_is(struct select *s, const struct scan_record *scanned)
{
    struct apply_record record = {.head = scanned->head};
    enum err e = apply_split(&record, scanned->payload);
    return e ? e : emit(s, record.head, record.fixed, record.rest);
}

/* What it was doesn't matter, if leaving it out was asked for: had it lived, the books wouldn't balance. */
static enum err take_lost(struct select *s, const struct scan_record *record)
{
    s->lost++;
    if (s->may_lose)
        return ERR_OK;
    log_event(LOG_LEVEL_ERROR, "compact_refused",
              "file=log.%" PRIu64 " from=%" PRIu64 " to=%" PRIu64 " why=damaged", s->old.generation,
              record->place, record->place + record->size);
    return ERR_DAMAGED;
}

/* Walks the old log from s->done to `end`. */
static enum err walk(struct select *s, struct journal_end end,
                     enum err (*take)(struct select *, const struct scan_record *))
{
    struct scan scan;
    struct scan_record record;
    enum err e = journal_measure(&s->old);
    scan_open(&scan, &s->old, end.place);
    scan.end = s->done;
    while (!e && scan.end.place < end.place) {
        e = scan_next(&scan, &record);
        if (!e)
            e = record.is_lost ? take_lost(s, &record) : take(s, &record);
    }
    s->done = scan.end;
    scan_close(&scan);
    if (e == ERR_NOT_FOUND || (!e && s->done.place != end.place))
        return ERR_DAMAGED;
    return e;
}

/* Behind a mailbox's messages, since those raise its next sequence. What has expired is one removal each,
 * so that cursors are counted anew. */
static enum err emit_counters(struct select *s, uint64_t number)
{
    struct entry_mailbox was;
    struct entry_mailbox now;
    enum err e = entry_get_mailbox(s->was, number, &was);
    if (!e)
        e = entry_get_mailbox(s->index, number, &now);
    if (!e && (now.count > was.count || now.ids > was.ids || now.bytes > was.bytes))
        e = ERR_DAMAGED;
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    s->missing.messages += was.count - now.count;
    s->missing.ids += was.ids - now.ids;
    s->missing.bytes += was.bytes - now.bytes;
    const struct record_mailbox counters = {.mailbox = number,
                                            .next_sequence = was.next_sequence,
                                            .removals = was.removals + was.count - now.count};
    const struct record_head head = birth_head(s, RECORD_MAILBOX);
    return emit(s, head, span_of(&counters, sizeof(counters)), span_str(""));
}

/* All that the old index and its marker counted is there, or went by age. */
static enum err balance(const struct select *s)
{
    const struct select_gone *gone = &s->gone;
    const struct select_gone *missing = &s->missing;
    uint64_t records = gone->ids + gone->invitations;
    if (missing->messages == gone->messages && missing->ids == gone->ids &&
        missing->bytes == gone->bytes &&
        s->marker.live_records + records == s->counters.live_records &&
        s->marker.live_bytes + gone->live_bytes == s->counters.live_bytes)
        return ERR_OK;
    log_event(s->may_lose ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "compact_refused",
              "file=log.%" PRIu64 " living=%" PRIu64 " found=%" PRIu64 " why=\"the index counts"
              " what isn't there\"",
              s->old.generation, s->counters.live_records - records, s->marker.live_records);
    return ERR_DAMAGED;
}

enum err select_living(struct select *s)
{
    const struct record_shard counters = {.serial = s->counters.serial};
    const struct record_head head = birth_head(s, RECORD_SHARD);
    s->done = journal_start(&s->old);
    s->born = journal_start(&s->next);
    enum err e = emit(s, head, span_of(&counters, sizeof(counters)), span_str(""));
    if (!e)
        e = walk(s, s->end, take_record);
    if (!e)
        e = take_rest(s);
    for (size_t at = 0; !e && at < s->mailboxes.len; at += sizeof(uint64_t)) {
        uint64_t number;
        memcpy(&number, s->mailboxes.data + at, sizeof(number));
        e = emit_counters(s, number);
    }
    return e ? e : balance(s);
}

enum err select_rest(struct select *s, struct journal_end end)
{
    s->may_lose = false;
    enum err e = walk(s, end, take_as_it_is);
    return !e && s->done.tag != end.tag ? ERR_DAMAGED : e;
}
