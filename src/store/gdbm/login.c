/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looked up anew under each lock: a login that was right a moment ago may be over. */
#include "store/gdbm/login.h"

#include <string.h>

#include "base/banned.h"

enum err login_find(struct shard *shard, const char *user, struct entry_account *entry)
{
    char name[LAYOUT_NAME_LEN];
    entry_set_name(name, user);
    enum err e = entry_get_account(shard->index, name, entry);
    if (!e && !entry_is_name(entry->name, user))
        e = ERR_DAMAGED;
    if (!e && entry->state != ACCOUNT_ACTIVE)
        e = ERR_NOT_FOUND;
    return e;
}

enum err login_check(struct shard *shard, const struct store_login *login,
                     struct entry_account *entry)
{
    enum err e = login_find(shard, login->user, entry);
    if (e == ERR_NOT_FOUND || (!e && entry->version != login->version))
        return ERR_DENIED;
    return e;
}

enum err login_open_mailbox(struct shard *shard, const struct store_login *login,
                            struct mailbox *mailbox)
{
    struct entry_account account;
    enum err e = login_check(shard, login, &account);
    if (e)
        return e;
    *mailbox = (struct mailbox){.index = shard->index, .number = account.mailbox};
    e = entry_get_mailbox(shard->index, account.mailbox, &mailbox->entry);
    return e == ERR_NOT_FOUND ? ERR_DAMAGED : e;
}
