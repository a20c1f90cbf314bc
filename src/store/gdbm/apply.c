/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each record means. Invariant: the index after a run of records is a function of those records
 * alone, so it can be thrown away and made again at any time. */
#include "store/gdbm/apply.h"

#include <string.h>

#include "store/gdbm/entry.h"
#include "store/gdbm/invitation.h"
#include "store/gdbm/journal.h"
#include "store/gdbm/message.h"
#include "store/store.h"

#include "base/banned.h"

enum err apply_split(struct apply_record *record, struct span payload)
{
    size_t fixed = 0;
    switch (record->head.type) {
    case RECORD_PUT:
    case RECORD_REMEMBER:
        fixed = sizeof(struct record_put);
        break;
    case RECORD_ACK:
        fixed = sizeof(struct record_ack);
        break;
    case RECORD_MEMORY:
        fixed = sizeof(struct record_memory);
        break;
    case RECORD_REGISTER:
    case RECORD_PASSWORD:
        fixed = sizeof(struct record_account);
        break;
    case RECORD_DELETE:
        fixed = sizeof(struct record_delete);
        break;
    case RECORD_SHARD:
        fixed = sizeof(struct record_shard);
        break;
    case RECORD_MAILBOX:
        fixed = sizeof(struct record_mailbox);
        break;
    case RECORD_INVITATION:
        fixed = sizeof(struct record_invitation);
        break;
    case RECORD_USE:
        fixed = sizeof(struct record_use);
        break;
    case RECORD_REVOKE:
        fixed = sizeof(struct record_revoke);
        break;
    case RECORD_VOID:
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    if (payload.len < fixed)
        return ERR_DAMAGED;
    if (record->head.type == RECORD_MEMORY &&
        (payload.len - fixed) % sizeof(struct memory_item) != 0)
        return ERR_DAMAGED;
    if (record->head.age == 0) /* of a log of before they had one */
        record->head.age = record->head.time;
    record->fixed = span_of(payload.data, fixed);
    record->rest = span_of(payload.data + fixed, payload.len - fixed);
    return ERR_OK;
}

static void raise_serial(struct marker *marker, uint64_t used)
{
    if (marker->serial <= used)
        marker->serial = used + 1;
}

/* REGISTER and PASSWORD: the account as it now is; REGISTER makes the mailbox too. */
static enum err apply_account(struct index *index, struct marker *marker,
                              const struct apply_record *record)
{
    struct record_account a;
    struct entry_account old;
    memcpy(&a, record->fixed.data, sizeof(a));
    enum err e = entry_get_account(index, a.name, &old);
    if (e == ERR_OK && record->head.type == RECORD_REGISTER && old.state != ACCOUNT_DELETED)
        return ERR_DAMAGED;
    if (e == ERR_OK) {
        marker->live_records--;
        marker->live_bytes -= journal_record_size(old.length);
    } else if (e != ERR_NOT_FOUND || record->head.type != RECORD_REGISTER) {
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    }
    struct entry_account account = {.place = record->place,
                                    .length = record->fixed.len + record->rest.len,
                                    .version = a.version,
                                    .mailbox = a.mailbox,
                                    .state = a.state};
    memcpy(account.name, a.name, sizeof(account.name));
    e = entry_put_account(index, &account);
    if (!e && record->head.type == RECORD_REGISTER) {
        uint64_t counters = journal_record_size(sizeof(struct record_mailbox));
        struct entry_mailbox mailbox = {.next_sequence = 1, .live_bytes = counters};
        marker->live_records++;
        marker->live_bytes += counters;
        memcpy(mailbox.name, a.name, sizeof(mailbox.name));
        e = entry_put_mailbox(index, a.mailbox, &mailbox);
    }
    raise_serial(marker, a.version);
    raise_serial(marker, a.mailbox);
    marker->live_records++;
    marker->live_bytes += record->size;
    return e;
}

/* A name that was given back in an earlier generation; or earlier in this one, and it is now waited for by
 * somebody else, or by nobody. */
static enum err reserve_name(struct index *index, struct marker *marker,
                             const struct apply_record *record, const struct record_delete *d)
{
    struct entry_account account = {.place = record->place,
                                    .length = record->fixed.len + record->rest.len,
                                    .version = d->version,
                                    .state = ACCOUNT_DELETED};
    memcpy(account.name, d->name, sizeof(account.name));
    raise_serial(marker, d->version);
    marker->live_records++;
    marker->live_bytes += record->size;
    return entry_put_account(index, &account);
}

/* The mailbox goes by its number: whatever bears that number is dead from here on, and a compaction
 * won't copy it, so nothing has to be walked. */
static enum err drop_mailbox(struct index *index, struct marker *marker, uint64_t number)
{
    struct entry_mailbox mailbox;
    enum err e = entry_get_mailbox(index, number, &mailbox);
    if (!e)
        e = entry_remove_mailbox(index, number);
    if (e)
        return e;
    marker->live_records -=
        mailbox.ids + 1; /* each id has its message, or a record that remembers it */
    marker->live_bytes -= mailbox.live_bytes;
    marker->memories -= mailbox.ids - mailbox.count;
    marker->waiting -= mailbox.count;
    marker->waiting_bytes -= mailbox.bytes - mailbox.ids * STORE_ID_BYTES;
    return ERR_OK;
}

static enum err apply_delete(struct index *index, struct marker *marker,
                             const struct apply_record *record)
{
    struct record_delete d;
    struct entry_account account;
    memcpy(&d, record->fixed.data, sizeof(d));
    enum err e = entry_get_account(index, d.name, &account);
    if (d.mailbox == 0 && e == ERR_OK) {
        if (account.state != ACCOUNT_DELETED)
            return ERR_DAMAGED;
        marker->live_records--;
        marker->live_bytes -= journal_record_size(account.length);
    }
    if (d.mailbox == 0)
        return e && e != ERR_NOT_FOUND ? e : reserve_name(index, marker, record, &d);
    if (!e)
        e = drop_mailbox(index, marker, d.mailbox);
    if (e)
        return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
    marker->live_bytes -= journal_record_size(account.length);
    marker->live_bytes += record->size;
    account.place = record->place;
    account.length = record->fixed.len + record->rest.len;
    account.version = d.version;
    account.mailbox = 0;
    account.state = ACCOUNT_DELETED;
    raise_serial(marker, d.version);
    return entry_put_account(index, &account);
}

static enum err apply_shard(struct marker *marker, const struct apply_record *record)
{
    struct record_shard shard;
    memcpy(&shard, record->fixed.data, sizeof(shard));
    if (marker->serial < shard.serial)
        marker->serial = shard.serial;
    return ERR_OK;
}

enum err apply_to_index(struct index *index, struct marker *marker,
                        const struct apply_record *record)
{
    marker->records++;
    if (marker->last_age <=
        record->head.age) { /* a compaction copies older ones behind its first */
        marker->last_age = record->head.age;
        marker->last_time = record->head.time;
    }
    switch (record->head.type) {
    case RECORD_PUT:
        return message_put(index, marker, record);
    case RECORD_ACK:
        return message_remove(index, marker, record);
    case RECORD_MEMORY:
        return message_carry(index, marker, record);
    case RECORD_REMEMBER:
        return message_remember(index, marker, record);
    case RECORD_MAILBOX:
        return message_set_counters(index, marker, record);
    case RECORD_SHARD:
        return apply_shard(marker, record);
    case RECORD_REGISTER:
    case RECORD_PASSWORD:
        return apply_account(index, marker, record);
    case RECORD_DELETE:
        return apply_delete(index, marker, record);
    case RECORD_INVITATION:
        return invitation_issue(index, marker, record);
    case RECORD_USE:
        return invitation_use(index, marker, record);
    case RECORD_REVOKE:
        return invitation_revoke(index, marker, record);
    default:
        return ERR_OK;
    }
}

const char *apply_lost(uint8_t type)
{
    switch (type) {
    case RECORD_PUT:
        return "message";
    case RECORD_ACK:
        return "acknowledgement";
    case RECORD_REMEMBER:
    case RECORD_MEMORY:
        return "ids";
    case RECORD_INVITATION:
    case RECORD_USE:
    case RECORD_REVOKE:
        return "invitation";
    case RECORD_VOID:
        return "nothing";
    default:
        return NULL;
    }
}
