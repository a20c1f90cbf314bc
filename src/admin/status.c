/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status: how the server stands now, on one screen. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/view.h"
#include "base/clock.h"

#include "base/banned.h"

struct line {
    const char *name; /* in JSON */
    const char *text;
    uint64_t value;
};

static void print_lines(const struct admin *admin, const struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (admin->is_json)
            printf("%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", lines[i].name, lines[i].value);
        else
            printf("%-42s %15" PRIu64 "\n", lines[i].text, lines[i].value);
    }
    if (admin->is_json)
        puts("}");
}

/* What happened in an hour, on the average since counting began. */
static uint64_t an_hour(const struct view *view, uint64_t n)
{
    uint64_t now = clock_wall(), since = view->totals.since;
    uint64_t seconds = view->totals.is_shared && now > since ? now - since : 1;
    return view->totals.is_shared ? n * 3600 / (seconds < 3600 ? 3600 : seconds) : 0;
}

static void print_view(const struct admin *admin, const struct view *v)
{
    const uint64_t *c = v->totals.counters;
    uint64_t refused = c[GUARD_REFUSED_FULL] + c[GUARD_REFUSED_SOURCE] + c[GUARD_REFUSED_PENALTY];
    const struct line lines[] = {
        {"connections", "connections now", v->totals.connected},
        {"sources", "  from so many sources", v->totals.connected_sources},
        {"penalised", "sources that are refused now", v->totals.penalised},
        {"messages", "messages waiting", v->store.messages},
        {"message_bytes", "  bytes of them", v->store.message_bytes},
        {"disk_free_bytes", "bytes free on the disk", v->disk_free},
        {"disk_bytes", "  of", v->disk_size},
        {"log_bytes", "bytes of logs", v->store.used_bytes},
        {"log_live_bytes", "  of them needed", v->store.live_bytes},
        {"index_bytes", "bytes of indexes", v->store.index_bytes},
        {"shards", "shards in use", v->shards},
        {"shards_untold", "  of them not yet counted", v->shards_untold},
        {"shards_failed", "  of them only read", v->shards_failed},
        {"since", "counting since (seconds since 1970)", v->totals.since},
        {"connections_started", "connections since then", c[GUARD_STARTED]},
        {"connections_per_hour", "  an hour", an_hour(v, c[GUARD_STARTED])},
        {"connections_refused", "connections refused since then", refused},
        {"logins", "logins", c[GUARD_LOGINS]},
        {"logins_failed", "logins that failed", c[GUARD_LOGINS_FAILED]},
        {"registrations", "accounts registered", c[GUARD_REGISTRATIONS]},
        {"messages_accepted", "messages accepted", c[GUARD_MESSAGES]},
        {"messages_per_hour", "  an hour", an_hour(v, c[GUARD_MESSAGES])},
        {"messages_read", "messages given out", c[GUARD_READ]},
    };
    print_lines(admin, lines, sizeof(lines) / sizeof(lines[0]));
}

int status_main(struct admin *admin, int argc, char *argv[])
{
    struct view view;
    (void)argv;
    if (argc > 1)
        return admin_misuse("status takes no arguments");
    int status = view_take(admin, &view);
    if (status == EX_OK)
        print_view(admin, &view);
    return status;
}
