/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operator does with invitations to any name. The index finds one by its number and can't list them, so that is
 * done from the log (list.h), and each is then looked up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/gdbm/apply.h"
#include "store/gdbm/commit.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/invitation.h"
#include "store/gdbm/list.h"
#include "store/gdbm/shard.h"

#include "base/banned.h"

struct work {
    uint64_t number;
    const struct record_invitation *wanted;
    struct span note;
    struct operate_invitation *shown;
};

static unsigned home_of(const struct gdbm_store *k, uint64_t number)
{
    return keys_shard_of_invitation(&k->keys, number, k->directory.shard_count);
}

static void set_id(struct operate_invitation *invitation, uint64_t number)
{
    snprintf(invitation->id, sizeof(invitation->id), "%016" PRIx64, number);
}

/* Of a record, and of what has become of it. */
static enum err read_record(const struct shard *shard, const struct entry_invitation *entry,
                            struct operate_invitation *invitation)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    struct record_invitation r;
    enum err e = journal_read(&shard->journal, entry->place, entry->length, &head, &payload);
    if (!e && (head.type != RECORD_INVITATION || payload.len < sizeof(r) ||
               payload.len - sizeof(r) > OPERATE_NOTE_MAX))
        e = ERR_DAMAGED;
    if (!e) {
        size_t n = payload.len - sizeof(r);
        memcpy(&r, payload.data, sizeof(r));
        *invitation = (struct operate_invitation){.issued = r.expires - r.lifetime,
                                                  .expires = r.expires,
                                                  .uses = r.uses,
                                                  .used = entry->used};
        memcpy(invitation->note, payload.data + sizeof(r), n);
    }
    buf_free(&payload);
    return e;
}

static enum err issue(struct shard *shard, void *context)
{
    const struct work *work = context;
    const struct journal_append record = {.type = RECORD_INVITATION,
                                          .fixed = span_of(work->wanted, sizeof(*work->wanted)),
                                          .rest = work->note};
    struct entry_invitation known;
    enum err e = entry_get_invitation(shard->index, work->number, &known);
    if (e == ERR_NOT_FOUND)
        e = commit_check_room(shard);
    else if (!e)
        e = ERR_EXISTS;
    return e ? e : commit_record(shard, &record);
}

enum err issue_invitation(struct store *store, const uint8_t *invite,
                          const struct operate_terms *terms, struct operate_invitation *invitation)
{
    struct gdbm_store *k = keeper_of(store);
    uint64_t now = clock_wall();
    struct record_invitation r = {.expires = now + terms->lifetime,
                                  .lifetime = terms->lifetime,
                                  .uses = (uint32_t)terms->uses,
                                  .note_len = (uint32_t)terms->note.len};
    memcpy(r.hash, invite, sizeof(r.hash));
    struct work work = {.number = invitation_number(invite), .wanted = &r, .note = terms->note};
    *invitation =
        (struct operate_invitation){.issued = now, .expires = r.expires, .uses = terms->uses};
    memcpy(invitation->note, terms->note.data, terms->note.len);
    set_id(invitation, work.number);
    return shard_run_in(k, home_of(k, work.number), true, issue, &work);
}

static enum err revoke(struct shard *shard, void *context)
{
    const struct work *work = context;
    const struct record_revoke r = {.invitation = work->number};
    struct entry_invitation entry;
    const struct journal_append record = {.type = RECORD_REVOKE,
                                          .is_leaving = true,
                                          .fixed = span_of(&r, sizeof(r)),
                                          .rest = span_str("")};
    enum err e = entry_get_invitation(shard->index, work->number, &entry);
    return e ? e : commit_record(shard, &record);
}

static bool read_id(const char *id, uint64_t *number)
{
    *number = 0;
    for (const char *c = id; *c != '\0'; c++) {
        bool is_digit = *c >= '0' && *c <= '9', is_letter = *c >= 'a' && *c <= 'f';
        if (!is_digit && !is_letter)
            return false;
        *number = *number << 4 | (uint64_t)(is_digit ? *c - '0' : *c - 'a' + 10);
    }
    return strlen(id) == OPERATE_INVITATION_SIZE - 1;
}

enum err issue_revoke(struct store *store, const char *id)
{
    struct gdbm_store *k = keeper_of(store);
    struct work work = {0};
    if (!read_id(id, &work.number))
        return ERR_NOT_FOUND;
    return shard_run_in(k, home_of(k, work.number), false, revoke, &work);
}

static enum err take_number(struct buf *numbers, const struct scan_record *record)
{
    bool is_invitation = record->head.type == RECORD_INVITATION &&
                         record->payload.len >= sizeof(struct record_invitation);
    return is_invitation ? buf_append(numbers, record->payload.data, sizeof(uint64_t)) : ERR_OK;
}

static enum err show(struct shard *shard, void *context)
{
    const struct work *work = context;
    struct entry_invitation entry;
    enum err e = entry_get_invitation(shard->index, work->number, &entry);
    return e ? e : read_record(shard, &entry, work->shown);
}

enum err issue_visit(struct store *store, unsigned shard, operate_invitation_visitor *visit,
                     void *context)
{
    struct gdbm_store *k = keeper_of(store);
    struct operate_invitation shown;
    struct work work = {.shown = &shown};
    struct buf numbers = BUF_INIT(SIZE_MAX / 2);
    enum err e = list_log(k, shard, take_number, &numbers);
    for (size_t at = 0; !e && at < numbers.len; at += sizeof(work.number)) {
        memcpy(&work.number, numbers.data + at, sizeof(work.number));
        e = shard_run_in(k, shard, false, show, &work);
        set_id(&shown, work.number);
        if (!e)
            e = visit(context, &shown);
        if (e == ERR_NOT_FOUND) /* revoked, since or before */
            e = ERR_OK;
    }
    buf_free(&numbers);
    return e;
}
