/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariant: an invitation's entry counts the entries of its uses, and both stand for one living record each. */
#include "store/gdbm/invitation.h"

#include <string.h>

#include "store/gdbm/age.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/journal.h"

#include "base/banned.h"

uint64_t invitation_number(const uint8_t hash[static LAYOUT_HASH_LEN])
{
    uint64_t number;
    memcpy(&number, hash, sizeof(number));
    return number;
}

enum err invitation_issue(struct index *index, struct marker *marker,
                          const struct apply_record *record)
{
    struct record_invitation r;
    struct entry_invitation invitation;
    memcpy(&r, record->fixed.data, sizeof(r));
    if (r.note_len != record->rest.len)
        return ERR_DAMAGED;
    enum err e = entry_get_invitation(index, invitation_number(r.hash), &invitation);
    if (e != ERR_NOT_FOUND)
        return e ? e : ERR_DAMAGED;
    /* A day more than it has: by so much may an age be ahead of time. */
    invitation = (struct entry_invitation){.place = record->place,
                                           .length = record->fixed.len + record->rest.len,
                                           .expires = r.expires,
                                           .end_age = record->head.age + r.lifetime + AGE_DAY,
                                           .uses = r.uses};
    memcpy(invitation.hash, r.hash, sizeof(invitation.hash));
    marker->live_records++;
    marker->live_bytes += record->size;
    return entry_put_invitation(index, invitation_number(r.hash), &invitation);
}

static uint64_t use_size(void)
{
    return journal_record_size(sizeof(struct record_use));
}

static enum err spend(struct index *index, struct marker *marker, const struct apply_record *record,
                      const struct record_use *r)
{
    struct entry_use use = {.invitation = r->invitation, .place = record->place};
    memcpy(use.name, r->name, sizeof(use.name));
    marker->live_records++;
    marker->live_bytes += use_size();
    return entry_put_use(index, &use);
}

static enum err give_back(struct index *index, struct marker *marker, const struct entry_use *use)
{
    marker->live_records--;
    marker->live_bytes -= use_size();
    return entry_remove_use(index, use);
}

enum err invitation_use(struct index *index, struct marker *marker,
                        const struct apply_record *record)
{
    struct record_use r;
    struct entry_invitation invitation;
    struct entry_use use;
    bool is_returned = (record->head.flags & RECORD_RETURNED) != 0;
    memcpy(&r, record->fixed.data, sizeof(r));
    enum err e = entry_get_invitation(index, r.invitation, &invitation);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = entry_get_use(index, r.invitation, r.name, &use);
    if (e && e != ERR_NOT_FOUND)
        return e;
    /* Where the record between the two was lost, nothing changes. */
    if (is_returned == (e == ERR_NOT_FOUND))
        return ERR_OK;
    e = is_returned ? give_back(index, marker, &use) : spend(index, marker, record, &r);
    invitation.used += is_returned ? UINT32_MAX : 1;
    return e ? e : entry_put_invitation(index, r.invitation, &invitation);
}

/* The entries of its uses stay: whatever bears its number is dead. */
enum err invitation_revoke(struct index *index, struct marker *marker,
                           const struct apply_record *record)
{
    struct record_revoke r;
    struct entry_invitation invitation;
    memcpy(&r, record->fixed.data, sizeof(r));
    enum err e = entry_get_invitation(index, r.invitation, &invitation);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    marker->live_records -= 1 + (uint64_t)invitation.used;
    marker->live_bytes -= journal_record_size(invitation.length) + invitation.used * use_size();
    return entry_remove_invitation(index, r.invitation);
}

/* Whether this record is the one that an entry stands for. */
static enum err is_counted(struct index *was, const struct apply_record *record,
                           const struct entry_invitation *invitation, bool *is_it)
{
    struct record_use r;
    struct entry_use use;
    *is_it = invitation->place == record->place;
    if (record->head.type != RECORD_USE)
        return ERR_OK;
    memcpy(&r, record->fixed.data, sizeof(r));
    enum err e = entry_get_use(was, r.invitation, r.name, &use);
    *is_it = !e && use.place == record->place;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err invitation_judge(struct index *was, const struct apply_record *record, uint64_t now,
                          enum invitation_fate *fate)
{
    uint64_t number; /* what all three begin with */
    struct entry_invitation invitation;
    bool is_it;
    memcpy(&number, record->fixed.data, sizeof(number));
    *fate = INVITATION_DEAD;
    if (record->head.type == RECORD_REVOKE)
        return ERR_OK;
    enum err e = entry_get_invitation(was, number, &invitation);
    if (!e)
        e = is_counted(was, record, &invitation, &is_it);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (is_it)
        *fate = now >= invitation.end_age ? INVITATION_ENDED : INVITATION_LIVING;
    return ERR_OK;
}
