/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who has an account, and what is theirs. The index finds names and can't list them, so that is done from the log
 * (list.h), and each is then looked up. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/gdbm/apply.h"
#include "store/gdbm/entry.h"
#include "store/gdbm/invite.h"
#include "store/gdbm/list.h"
#include "store/gdbm/shard.h"

#include "base/banned.h"

struct work {
    char name[LAYOUT_NAME_LEN];
    struct operate_account *account;
    struct operate_space *space;
};

static enum err show(struct shard *shard, void *context)
{
    struct work *work = context;
    struct entry_account entry;
    struct entry_mailbox mailbox = {0};
    struct record_invite invite = {0};
    enum err e = entry_get_account(shard->index, work->name, &entry);
    if (!e && entry.state != ACCOUNT_DELETED) {
        e = entry_get_mailbox(shard->index, entry.mailbox, &mailbox);
        if (e == ERR_NOT_FOUND)
            e = ERR_DAMAGED;
    }
    if (!e && entry.state == ACCOUNT_DELETED) {
        e = invite_read(shard, &entry, &invite);
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (e)
        return e;
    *work->account =
        (struct operate_account){.state = entry.state == ACCOUNT_ACTIVE     ? OPERATE_ACTIVE
                                          : entry.state == ACCOUNT_DISABLED ? OPERATE_DISABLED
                                                                            : OPERATE_RESERVED,
                                 .version = entry.version,
                                 .messages = mailbox.count,
                                 .bytes = mailbox.bytes,
                                 .ids = mailbox.ids,
                                 .until = invite.expires};
    entry_get_name(work->account->name, work->name);
    return ERR_OK;
}

enum err census_show(struct store *store, const char *user, struct operate_account *account)
{
    struct work work = {.account = account};
    if (!field_is_user(span_str(user)))
        return ERR_NOT_FOUND;
    entry_set_name(work.name, user);
    return shard_run(store, user, false, show, &work);
}

static enum err measure(struct shard *shard, void *context)
{
    struct operate_space *space = ((struct work *)context)->space;
    struct stat st;
    enum err e = index_stat(shard->index, &st);
    if (!e)
        e = journal_measure(&shard->journal);
    *space = (struct operate_space){.log_bytes = shard->journal.size,
                                    .used_bytes = shard->marker.end,
                                    .live_bytes = shard->marker.live_bytes,
                                    .index_bytes = e ? 0 : (uint64_t)st.st_size,
                                    .generation = shard->marker.generation,
                                    .is_failed = (shard->marker.flags & MARKER_FAILED) != 0};
    return e;
}

enum err census_space(struct store *store, unsigned shard, struct operate_space *space)
{
    struct work work = {.space = space};
    *space = (struct operate_space){0};
    return shard_run_in(keeper_of(store), shard, false, measure, &work);
}

/* A name that is registered, or stays reserved. */
static enum err take_name(struct buf *names, const struct scan_record *scanned)
{
    struct apply_record record = {.head = scanned->head};
    char name[LAYOUT_NAME_LEN], text[FIELD_USER_SIZE];
    if (record.head.type != RECORD_REGISTER && record.head.type != RECORD_DELETE)
        return ERR_OK;
    enum err e = apply_split(&record, scanned->payload);
    if (e)
        return e;
    memcpy(name, record.fixed.data, sizeof(name));
    entry_get_name(text, name);
    if (!field_is_user(span_str(text)))
        return ERR_DAMAGED;
    return buf_append(names, record.fixed.data, LAYOUT_NAME_LEN);
}

static int compare_names(const void *a, const void *b)
{
    return memcmp(a, b, LAYOUT_NAME_LEN);
}

/* Each once: a name may have been given back, and taken again. */
static void sort_names(struct buf *names)
{
    size_t n = 0;
    if (names->len > 0)
        qsort(names->data, names->len / LAYOUT_NAME_LEN, LAYOUT_NAME_LEN, compare_names);
    for (size_t at = 0; at < names->len; at += LAYOUT_NAME_LEN) {
        if (n > 0 && compare_names(names->data + n - LAYOUT_NAME_LEN, names->data + at) == 0)
            continue;
        memmove(names->data + n, names->data + at, LAYOUT_NAME_LEN);
        n += LAYOUT_NAME_LEN;
    }
    buf_truncate(names, n);
}

enum err census_visit(struct store *store, unsigned shard, operate_visitor *visit, void *context)
{
    struct gdbm_store *k = keeper_of(store);
    struct operate_account account;
    struct work work = {.account = &account};
    struct buf names = BUF_INIT(SIZE_MAX / 2);
    enum err e = list_log(k, shard, take_name, &names);
    if (!e)
        sort_names(&names);
    for (size_t at = 0; !e && at < names.len; at += LAYOUT_NAME_LEN) {
        memcpy(work.name, names.data + at, LAYOUT_NAME_LEN);
        e = shard_run_in(k, shard, false, show, &work);
        if (!e)
            e = visit(context, &account);
    }
    buf_free(&names);
    return e;
}
