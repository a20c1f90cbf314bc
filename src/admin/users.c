/* SPDX-License-Identifier: GPL-3.0-or-later */
/* users: who has an account, ending that, and letting somebody begin anew. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/output.h"
#include "admin/token.h"
#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

static const char *state_of(const struct operate_account *a)
{
    static const char *const states[] = {
        [OPERATE_ACTIVE] = "active",
        [OPERATE_DISABLED] = "disabled",
        [OPERATE_RESERVED] = "reserved",
    };
    return a->until > clock_wall() ? "reset" : states[a->state];
}

static void print_json(const struct operate_account *a)
{
    printf("{\"name\":\"%s\",\"state\":\"%s\",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"ids\":%" PRIu64,
           log_escape(span_str(a->name)).text, state_of(a), a->messages, a->bytes, a->ids);
    if (a->until != 0)
        printf(",\"until\":%" PRIu64, a->until);
    puts("}");
}

static void print_account(const struct admin *admin, const void *account)
{
    const struct operate_account *a = account;
    if (admin->is_json) {
        print_json(a);
        return;
    }
    printf("%-32s %-8s", log_escape(span_str(a->name)).text, state_of(a));
    if (a->until > clock_wall())
        printf(" waits until %s\n", admin_time(a->until).text);
    else if (a->until != 0)
        printf(" its invitation expired %s\n", admin_time(a->until).text);
    else
        printf(" %8" PRIu64 " messages %12" PRIu64 " bytes %8" PRIu64 " ids\n", a->messages,
               a->bytes, a->ids);
}

static int fail_user(enum err error, const char *name)
{
    if (error != ERR_NOT_FOUND)
        return admin_fail(error, name);
    fprintf(stderr, "secmsg-admin: %s: there is no such account\n", name);
    return EX_NOUSER;
}

static enum err collect(void *context, const struct operate_account *account)
{
    return buf_append(context, account, sizeof(*account));
}

static enum err gather(struct store *store, unsigned shard, struct buf *accounts)
{
    return operate_visit_accounts(store, shard, collect, accounts);
}

static int list(struct admin *admin, const char *name)
{
    static const struct admin_list accounts = {
        .word = "users",
        .size = sizeof(struct operate_account),
        .gather = gather,
        .print = print_account,
    };
    (void)name;
    return admin_list(admin, &accounts);
}

static int show(struct admin *admin, const char *name)
{
    struct operate_account account;
    enum err e = operate_show_account(admin->store, name, &account);
    enum err settled = admin_settle_seen(admin);
    if (settled)
        e = settled;
    if (e)
        return fail_user(e, name);
    print_account(admin, &account);
    return EX_OK;
}

/* Of a name without an account: what became of it. */
static int fail_change(struct admin *admin, enum err error, const char *name)
{
    struct operate_account account;
    if (error != ERR_NOT_FOUND || operate_show_account(admin->store, name, &account) ||
        admin_settle_seen(admin) || account.state != OPERATE_RESERVED)
        return fail_user(error, name);
    if (account.until > clock_wall())
        fprintf(stderr,
                "secmsg-admin: %s waits to be registered by an invitation; `users delete %s` "
                "withdraws it\n",
                name, name);
    else
        fprintf(stderr,
                "secmsg-admin: %s was deleted; `users reset %s` invites to that name again\n", name,
                name);
    return EX_NOUSER;
}

/* A change counts once it is durable. Scripts are told what it has come to. */
static int end_change(struct admin *admin, enum err e, const char *name)
{
    enum err settled = store_settle(admin->store);
    if (!e)
        e = settled;
    if (e)
        return fail_change(admin, e, name);
    return admin->is_json ? show(admin, name) : EX_OK;
}

static int disable(struct admin *admin, const char *name)
{
    return end_change(admin, operate_disable_account(admin->store, name, true), name);
}

static int enable(struct admin *admin, const char *name)
{
    return end_change(admin, operate_disable_account(admin->store, name, false), name);
}

static int delete (struct admin *admin, const char *name)
{
    return end_change(admin, operate_delete_account(admin->store, name), name);
}

static int print_token(const struct admin *admin, const char *name, const char *token,
                       uint64_t until)
{
    if (admin->is_json) {
        printf("{\"name\":\"%s\",\"state\":\"reset\",\"invitation\":\"%s\",\"until\":%" PRIu64
               "}\n",
               name, token, until);
    } else {
        printf("%s\n", token);
    }
    int status = output_check(EX_OK, "the invitation is lost: give the same command again");
    if (status != EX_OK || admin->is_json)
        return status;
    fprintf(
        stderr,
        "%s can be registered once with this invitation, until %s, by\n"
        "  secmsg register %s --invite-file FILE\n"
        "It isn't kept here. The account's messages are gone, its keys are new: whoever wrote to "
        "%s before will be warned.\n",
        name, admin_time(until).text, name, name);
    return EX_OK;
}

static int reset(struct admin *admin, const char *name)
{
    struct token token;
    uint64_t lifetime, until;
    if (token_lifetime(admin->expires, &lifetime))
        return admin_misuse("--expires takes a time like 30m, 12h, 7d or 4w, at most 3650d");
    token_make(&token);
    enum err e = operate_reset_account(admin->store, name, span_str(token.text), lifetime, &until);
    enum err settled = store_settle(admin->store);
    if (!e)
        e = settled;
    int status = e ? fail_user(e, name) : print_token(admin, name, token.text, until);
    token_wipe(&token);
    return status;
}

int users_main(struct admin *admin, int argc, char *argv[])
{
    static const struct {
        const char *word;
        bool has_name;
        int (*run)(struct admin *admin, const char *name);
    } words[] = {
        {"list", false, list},    {"show", true, show},     {"disable", true, disable},
        {"enable", true, enable}, {"delete", true, delete}, {"reset", true, reset},
    };
    for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(argv[1], words[i].word) != 0)
            continue;
        const char *name = words[i].has_name && argc > 2 ? argv[2] : "";
        if (argc != (words[i].has_name ? 3 : 2))
            return admin_misuse(words[i].has_name ? "users %s takes one name"
                                                  : "users %s takes no arguments",
                                words[i].word);
        if (words[i].has_name && !field_is_user(span_str(name)))
            return admin_misuse("%s is no user's name", log_quote(name).text);
        if (admin->uses != NULL || admin->note != NULL)
            return admin_misuse("users: --uses and --note belong to invite new");
        if (admin->expires != NULL && words[i].run != reset)
            return admin_misuse("users: --expires belongs to reset");
        int status = admin_open(admin);
        return status == EX_OK ? words[i].run(admin, name) : status;
    }
    if (argc > 1)
        return admin_misuse("%s is no word of users", log_quote(argv[1]).text);
    return admin_misuse("users takes `list`, or `show`, `disable`, `enable`, `delete` or `reset` "
                        "and a name");
}
