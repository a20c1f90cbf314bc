/* SPDX-License-Identifier: GPL-3.0-or-later */
/* penalties: which sources have some, and forgetting them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

/* What only handlers make may be missing, or not be theirs any more: then nobody has a penalty. */
static int open_guard(struct admin *admin)
{
    int status = admin_open(admin);
    if (status != EX_OK)
        return status;
    enum err e = guard_look(&admin->guard, admin->path);
    return e && e != ERR_UNSUPPORTED ? admin_fail(e, GUARD_FILE) : EX_OK;
}

static void print_json(const struct guard_sight *sight, const char *source)
{
    printf("{\"source\":\"%s\",\"seconds\":%" PRIu64 ",\"refused\":%s,\"connections\":%" PRIu64,
           source, (sight->penalty_ms + 999) / 1000, sight->is_refused ? "true" : "false",
           sight->connections);
    for (unsigned i = 0; i < GUARD_OFFENCES; i++)
        printf(",\"%s\":%" PRIu64, guard_offence_name(i), sight->given[i]);
    puts("}");
}

static enum err print_sight(void *context, const struct guard_sight *sight)
{
    const struct admin *admin = context;
    char source[SOURCE_TEXT_SIZE];
    if (sight->penalty_ms == 0)
        return ERR_OK;
    source_text(sight->source, source);
    if (admin->is_json) {
        print_json(sight, source);
        return ERR_OK;
    }
    printf("%-24s %6" PRIu64 " s  %-8s", source, (sight->penalty_ms + 999) / 1000,
           sight->is_refused ? "refused" : "let in");
    for (unsigned i = 0; i < GUARD_OFFENCES; i++)
        if (sight->given[i] > 0)
            printf("  %s %" PRIu64, guard_offence_name(i), sight->given[i]);
    puts("");
    return ERR_OK;
}

static int list(struct admin *admin)
{
    int status = open_guard(admin);
    if (status != EX_OK)
        return status;
    enum err e = guard_visit(&admin->guard, clock_running_ms(), print_sight, admin);
    return e ? admin_fail(e, "penalties") : EX_OK;
}

struct clearing {
    struct guard *guard;
    uint64_t now_ms;
    uint64_t cleared;
};

static enum err clear_sight(void *context, const struct guard_sight *sight)
{
    struct clearing *clearing = context;
    clearing->cleared += guard_clear(clearing->guard, sight->source, clearing->now_ms);
    return ERR_OK;
}

static int clear(struct admin *admin, const char *text)
{
    struct guard_sight one = {0};
    bool is_all = strcmp(text, "all") == 0;
    if (!is_all && source_parse(text, &one.source))
        return admin_misuse("%s is no source: give an address, or what `penalties` shows, or `all`",
                            log_quote(text).text);
    int status = open_guard(admin);
    if (status != EX_OK)
        return status;
    struct clearing clearing = {.guard = &admin->guard, .now_ms = clock_running_ms()};
    enum err e = is_all ? guard_visit(&admin->guard, clearing.now_ms, clear_sight, &clearing)
                        : clear_sight(&clearing, &one);
    if (e)
        return admin_fail(e, "penalties");
    if (!is_all && clearing.cleared == 0) {
        fprintf(stderr, "secmsg-admin: %s: has no penalty\n", text);
        return EX_NOUSER;
    }
    printf(admin->is_json ? "{\"cleared\":%" PRIu64 "}\n" : "%" PRIu64 " cleared\n",
           clearing.cleared);
    return EX_OK;
}

int penalties_main(struct admin *admin, int argc, char *argv[])
{
    if (argc == 1)
        return list(admin);
    if (strcmp(argv[1], "clear") != 0)
        return admin_misuse("%s is no word of penalties", log_quote(argv[1]).text);
    if (argc != 3)
        return admin_misuse("penalties clear takes one source, or `all`");
    return clear(admin, argv[2]);
}
