/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An invitation lies behind the record that reserves its name, and goes with the record that registers it:
 * so it is used once, whoever comes at the same time. */
#include "store/gdbm/invite.h"

#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

enum err invite_read(const struct shard *shard, const struct entry_account *entry,
                     struct record_invite *invite)
{
    struct buf payload = BUF_INIT(UINT32_MAX);
    struct record_head head;
    size_t fixed = sizeof(struct record_delete);
    if (entry->state != ACCOUNT_DELETED || entry->length == fixed)
        return ERR_NOT_FOUND;
    enum err e = journal_read(&shard->journal, entry->place, entry->length, &head, &payload);
    if (!e && (head.type != RECORD_DELETE || payload.len != fixed + sizeof(*invite)))
        e = ERR_DAMAGED;
    if (!e)
        memcpy(invite, payload.data + fixed, sizeof(*invite));
    buf_free(&payload);
    return e;
}

/* By the wall clock, which was told to people; a refusal destroys nothing. */
static bool is_expired(const struct record_invite *invite)
{
    return clock_wall() >= invite->expires;
}

enum err invite_check(const struct shard *shard, const struct entry_account *entry,
                      const uint8_t hash[static LAYOUT_HASH_LEN])
{
    struct record_invite invite;
    enum err e = invite_read(shard, entry, &invite);
    if (e)
        return e;
    bool is_right = bytes_equal_secret(invite.hash, hash, sizeof(invite.hash));
    return is_right && !is_expired(&invite) ? ERR_OK : ERR_DENIED;
}
