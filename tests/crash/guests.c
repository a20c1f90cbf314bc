/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of an invitation there are never more accounts than uses, and none is lost. */
#include "tests/crash/guests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/operate.h"

#include "base/banned.h"

#define CENTURY (UINT64_C(36500) * 86400) /* no clock that jumps ends it */

struct seen {
    bool is_there[GUESTS_INVITATIONS];
    uint64_t used[GUESTS_INVITATIONS];
};

struct guests_text guests_invitation(unsigned number)
{
    struct guests_text name;
    snprintf(name.text, sizeof(name.text), "invitation.%u", number);
    return name;
}

struct guests_text guests_name(unsigned number, unsigned guest)
{
    struct guests_text name;
    snprintf(name.text, sizeof(name.text), "guest.%u.%u", number, guest);
    return name;
}

enum err guests_invite(struct store *store, unsigned number)
{
    const struct guests_text name = guests_invitation(number);
    const struct operate_terms terms = {.lifetime = CENTURY,
                                        .uses = GUESTS_USES,
                                        .note = span_str(name.text)};
    struct operate_invitation made;
    enum err e = operate_invite(store, span_str(name.text), &terms, &made);
    return e == ERR_EXISTS ? ERR_OK : e;
}

static enum err see(void *context, const struct operate_invitation *invitation)
{
    struct seen *seen = context;
    for (unsigned i = 0; i < GUESTS_INVITATIONS; i++) {
        if (strcmp(invitation->note, guests_invitation(i).text) != 0)
            continue;
        seen->is_there[i] = true;
        seen->used[i] = invitation->used;
    }
    return ERR_OK;
}

static void check_one(struct books *books, struct store *store, const struct seen *seen,
                      const struct books_user *told)
{
    unsigned number = (unsigned)(told->name[strlen(told->name) - 1] - '0');
    uint64_t accounts = 0;
    for (unsigned i = 0; i < GUESTS_NAMES; i++)
        accounts += store_account_find(store, guests_name(number, i).text) == ERR_OK;
    if (told->made == TOLD_OK && !seen->is_there[number])
        books_complain(books, "missing", "%s", told->name);
    if (told->made == TOLD_NOTHING && seen->is_there[number])
        books_complain(books, "ghost", "%s", told->name);
    if (seen->used[number] > GUESTS_USES || accounts > seen->used[number])
        books_complain(books, "guests", "%s: %" PRIu64 " accounts by %" PRIu64 " uses", told->name,
                       accounts, seen->used[number]);
}

void guests_audit(struct books *books, struct store *store)
{
    struct seen seen = {0};
    enum err e = ERR_OK;
    for (unsigned i = 0; i < operate_shard_count(store) && (!e || e == ERR_NOT_FOUND); i++)
        e = operate_visit_invitations(store, i, see, &seen);
    enum err settled = store_settle(store);
    if ((e && e != ERR_NOT_FOUND) || settled) {
        books_complain(books, "failed", "invitations: %s", err_text(settled ? settled : e));
        return;
    }
    for (unsigned i = 0; i < books->user_count; i++) {
        if (strncmp(books->users[i].name, "invitation.", 11) == 0)
            check_one(books, store, &seen, &books->users[i]);
    }
}
