/* SPDX-License-Identifier: GPL-3.0-or-later */
/* invite: who may register where `registration` is `invite`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/output.h"
#include "admin/token.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "crypto/field.h"

#include "base/banned.h"

static const char *state_of(const struct operate_invitation *i)
{
    if (clock_wall() >= i->expires)
        return "expired";
    return i->used >= i->uses ? "used" : "good";
}

/* The note is valid UTF-8 without control characters, as JSON takes it but for these two. */
static void print_note(const char *note)
{
    for (const char *c = note; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            putchar('\\');
        putchar(*c);
    }
}

/* token: NULL where it isn't known any more. */
static void print_json(const struct operate_invitation *i, const char *token)
{
    printf("{\"id\":\"%s\"", i->id);
    if (token != NULL)
        printf(",\"invitation\":\"%s\"", token);
    printf(",\"state\":\"%s\",\"uses\":%" PRIu64 ",\"used\":%" PRIu64 ",\"issued\":%" PRIu64
           ",\"until\":%" PRIu64 ",\"note\":\"",
           state_of(i), i->uses, i->used, i->issued, i->expires);
    print_note(i->note);
    puts("\"}");
}

static void print_invitation(const struct admin *admin, const void *invitation)
{
    const struct operate_invitation *i = invitation;
    char used[48];
    if (admin->is_json) {
        print_json(i, NULL);
        return;
    }
    snprintf(used, sizeof(used), "%" PRIu64 " of %" PRIu64 " used", i->used, i->uses);
    printf("%s %-7s %16s  until %s%s%s\n", i->id, state_of(i), used, admin_time(i->expires).text,
           *i->note != '\0' ? "  " : "", i->note);
}

static int print_new(const struct admin *admin, const struct operate_invitation *i,
                     const struct token *token)
{
    if (admin->is_json)
        print_json(i, token->text);
    else
        puts(token->text);
    char lost[128];
    snprintf(lost, sizeof(lost),
             "the invitation is lost: `secmsg-admin invite revoke %s`, and make another", i->id);
    int status = output_check(EX_OK, lost);
    if (status != EX_OK || admin->is_json)
        return status;
    fprintf(stderr,
            "%" PRIu64 " name%s can be registered with this invitation, until %s, by\n"
            "  secmsg register NAME --invite-file FILE\n"
            "It isn't kept here. `secmsg-admin invite revoke %s` withdraws it.\n",
            i->uses, admin_plural(i->uses), admin_time(i->expires).text, i->id);
    return EX_OK;
}

static int issue(struct admin *admin, const char *argument)
{
    struct operate_terms terms = {.uses = 1, .note = span_str(admin->note ? admin->note : "")};
    struct operate_invitation invitation;
    struct token token;
    (void)argument;
    if (admin->uses != NULL && conf_number(admin->uses, 1, OPERATE_USES_MAX, &terms.uses))
        return admin_misuse("--uses takes a number from 1 to %u", OPERATE_USES_MAX);
    if (token_lifetime(admin->expires, &terms.lifetime))
        return admin_misuse("--expires takes a time like 30m, 12h, 7d or 4w, at most 3650d");
    if (!operate_is_note(terms.note))
        return admin_misuse("--note takes at most %d bytes of text without control characters",
                            OPERATE_NOTE_MAX);
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    token_make(&token);
    enum err e = operate_invite(admin->store, span_str(token.text), &terms, &invitation);
    enum err settled = store_settle(admin->store);
    if (!e)
        e = settled;
    status = e ? admin_fail(e, "invite") : print_new(admin, &invitation, &token);
    token_wipe(&token);
    return status;
}

static int withdraw(struct admin *admin, const char *id)
{
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    enum err e = operate_revoke_invitation(admin->store, id);
    enum err settled = store_settle(admin->store);
    if (!e || e == ERR_NOT_FOUND)
        e = settled ? settled : e;
    if (e == ERR_NOT_FOUND) {
        fprintf(stderr,
                "secmsg-admin: %s: there is no invitation of that id; see secmsg-admin invite "
                "list\n",
                log_quote(id).text);
        return EX_NOUSER;
    }
    return e ? admin_fail(e, "invite") : EX_OK;
}

static enum err collect(void *context, const struct operate_invitation *invitation)
{
    return buf_append(context, invitation, sizeof(*invitation));
}

static enum err gather(struct store *store, unsigned shard, struct buf *invitations)
{
    return operate_visit_invitations(store, shard, collect, invitations);
}

static int list(struct admin *admin, const char *argument)
{
    static const struct admin_list invitations = {
        .word = "invite",
        .size = sizeof(struct operate_invitation),
        .gather = gather,
        .print = print_invitation,
    };
    (void)argument;
    int status = admin_open(admin);
    return status == EX_OK ? admin_list(admin, &invitations) : status;
}

int invite_main(struct admin *admin, int argc, char *argv[])
{
    static const struct {
        const char *word;
        bool has_id;
        int (*run)(struct admin *admin, const char *argument);
    } words[] = {{"new", false, issue}, {"list", false, list}, {"revoke", true, withdraw}};
    bool has_terms = admin->uses != NULL || admin->expires != NULL || admin->note != NULL;
    for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(argv[1], words[i].word) != 0)
            continue;
        if (argc != (words[i].has_id ? 3 : 2))
            return admin_misuse(words[i].has_id ? "invite %s takes one id"
                                                : "invite %s takes no arguments",
                                words[i].word);
        if (has_terms && words[i].run != issue)
            return admin_misuse("invite: --uses, --expires and --note belong to new");
        return words[i].run(admin, words[i].has_id ? argv[2] : "");
    }
    if (argc > 1)
        return admin_misuse("%s is no word of invite", log_quote(argv[1]).text);
    return admin_misuse("invite takes `new`, `list`, or `revoke` and an id");
}
