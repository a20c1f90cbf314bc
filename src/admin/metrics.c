/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metrics: the same as status, for Prometheus: text exposition format 0.0.4, base units, every metric explained. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/view.h"
#include "base/buf.h"
#include "base/file.h"
#include "wire/answer.h"
#include "wire/command.h"

#include "base/banned.h"

#define TEXT_MAX ((size_t)1048576)

static enum err head(struct buf *out, const char *name, const char *type, const char *what)
{
    return buf_printf(out, "# HELP secmsg_%s %s\n# TYPE secmsg_%s %s\n", name, what, name, type);
}

static enum err add_gauges(struct buf *out, const struct view *v)
{
    const struct {
        const char *name;
        const char *what;
        uint64_t value;
    } rows[] = {
        {"shared_up", "1 if the handlers' shared counters can be read, 0 if nothing is counted.",
         v->totals.is_shared},
        {"counters_since_seconds", "When counting began, in seconds since 1970.", v->totals.since},
        {"connections", "Connections now.", v->totals.connected},
        {"connected_sources", "Different sources that are connected now.",
         v->totals.connected_sources},
        {"penalised_sources", "Sources that are refused now.", v->totals.penalised},
        {"messages_waiting", "Messages in mailboxes.", v->store.messages},
        {"messages_waiting_bytes", "Bytes of the messages in mailboxes.", v->store.message_bytes},
        {"log_bytes", "Bytes of the logs, dead space included.", v->store.used_bytes},
        {"log_live_bytes", "Bytes of the logs that are needed.", v->store.live_bytes},
        {"index_bytes", "Bytes of the indexes.", v->store.index_bytes},
        {"shards", "Shards in use.", v->shards},
        {"shards_untold", "Shards whose numbers can't be told yet.", v->shards_untold},
        {"shards_failed", "Shards that are only read since a sync failed.", v->shards_failed},
        {"disk_free_bytes", "Bytes free on the store's file system.", v->disk_free},
        {"disk_bytes", "Bytes of the store's file system.", v->disk_size},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !e; i++) {
        e = head(out, rows[i].name, "gauge", rows[i].what);
        if (!e)
            e = buf_printf(out, "secmsg_%s %" PRIu64 "\n", rows[i].name, rows[i].value);
    }
    return e;
}

static enum err add_counters(struct buf *out, const struct view *v)
{
    static const struct {
        const char *name;
        const char *what;
        enum guard_counter counter;
    } rows[] = {
        {"connections_started_total", "Connections let in.", GUARD_STARTED},
        {"logins_total", "Logins that succeeded.", GUARD_LOGINS},
        {"logins_failed_total", "Logins with a wrong name, password or proof.",
         GUARD_LOGINS_FAILED},
        {"registrations_total", "Accounts made.", GUARD_REGISTRATIONS},
        {"registrations_braked_total", "Registrations refused by the brake.",
         GUARD_REGISTRATIONS_BRAKED},
        {"messages_accepted_total", "Messages accepted.", GUARD_MESSAGES},
        {"messages_accepted_bytes_total", "Bytes of the messages accepted.", GUARD_MESSAGE_BYTES},
        {"duplicates_total", "Messages that had been accepted before.", GUARD_DUPLICATES},
        {"messages_read_total", "Messages given out.", GUARD_READ},
        {"messages_acknowledged_total", "Messages acknowledged.", GUARD_ACKNOWLEDGED},
        {"received_bytes_total", "Bytes read from peers.", GUARD_BYTES_IN},
        {"sent_bytes_total", "Bytes written to peers.", GUARD_BYTES_OUT},
        {"penalties_lost_total", "Penalties that found no room.", GUARD_PENALTIES_LOST},
    };
    const uint64_t *c = v->totals.counters;
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !e; i++) {
        e = head(out, rows[i].name, "counter", rows[i].what);
        if (!e)
            e = buf_printf(out, "secmsg_%s %" PRIu64 "\n", rows[i].name, c[rows[i].counter]);
    }
    if (!e)
        e = head(out, "cpu_seconds_total", "counter", "Processor time of handlers that ended.");
    return e ? e
             : buf_printf(out, "secmsg_cpu_seconds_total %" PRIu64 ".%06" PRIu64 "\n",
                          c[GUARD_CPU_US] / 1000000, c[GUARD_CPU_US] % 1000000);
}

static enum err add_labelled(struct buf *out, const struct view *v)
{
    const uint64_t *c = v->totals.counters;
    enum err e = head(out, "connections_refused_total", "counter", "Connections refused.");
    if (!e)
        e = buf_printf(out,
                       "secmsg_connections_refused_total{reason=\"full\"} %" PRIu64
                       "\nsecmsg_connections_refused_total{reason=\"source\"} %" PRIu64
                       "\nsecmsg_connections_refused_total{reason=\"penalty\"} %" PRIu64 "\n",
                       c[GUARD_REFUSED_FULL], c[GUARD_REFUSED_SOURCE], c[GUARD_REFUSED_PENALTY]);
    if (!e)
        e = head(out, "penalties_total", "counter", "Penalties given, by offence.");
    for (unsigned i = 0; i < GUARD_OFFENCES && !e; i++)
        e = buf_printf(out, "secmsg_penalties_total{offence=\"%s\"} %" PRIu64 "\n",
                       guard_offence_name(i), v->totals.penalties[i]);
    if (!e)
        e = head(out, "answers_total", "counter", "Answers, by the protocol's code.");
    for (unsigned i = 0; i < CODE_COUNT && !e; i++)
        e = buf_printf(out, "secmsg_answers_total{code=\"%s\"} %" PRIu64 "\n",
                       i == CODE_NONE ? "ok" : code_name(i), v->totals.answers[i]);
    return e;
}

/* Buckets are cumulative here, and bounds in seconds. */
static enum err add_times(struct buf *out, const char *name, const char *label,
                          const struct guard_times *times,
                          const uint64_t bounds[static GUARD_BUCKETS])
{
    const char *comma = *label ? "," : "", *open = *label ? "{" : "", *close = *label ? "}" : "";
    uint64_t n = 0;
    enum err e = ERR_OK;
    for (unsigned i = 0; i < GUARD_BUCKETS && !e; i++) {
        n += times->buckets[i];
        if (bounds[i] == UINT64_MAX)
            e = buf_printf(out, "secmsg_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label,
                           comma, n);
        else
            e = buf_printf(out, "secmsg_%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label, comma,
                           (double)bounds[i] / 1e6, n);
    }
    return e ? e
             : buf_printf(out,
                          "secmsg_%s_sum%s%s%s %" PRIu64 ".%06" PRIu64
                          "\nsecmsg_%s_count%s%s%s %" PRIu64 "\n",
                          name, open, label, close, times->sum_us / 1000000,
                          times->sum_us % 1000000, name, open, label, close, n);
}

static enum err add_histograms(struct buf *out, const struct view *v)
{
    enum err e = head(out, "command_seconds", "histogram", "How long commands took, by verb.");
    for (unsigned i = 0; i < VERB_COUNT && !e; i++) {
        char label[32];
        snprintf(label, sizeof(label), "command=\"%s\"", command_name(i));
        e = add_times(out, "command_seconds", label, &v->totals.commands[i], guard_command_bounds);
    }
    if (!e)
        e = head(out, "connection_seconds", "histogram", "How long connections lasted.");
    return e ? e
             : add_times(out, "connection_seconds", "", &v->totals.connections,
                         guard_connection_bounds);
}

/* Whole, or as it was: a collector reads the file at any moment. */
static int replace(const char *path, struct span text)
{
    errno = 0;
    enum err e = file_replace(AT_FDCWD, path, text, 0644);
    if (!e)
        return EX_OK;
    fprintf(stderr, "secmsg-admin: %s: can't be written: %s\n", path,
            errno != 0 ? strerror(errno) : err_text(e));
    return EX_CANTCREAT;
}

int metrics_main(struct admin *admin, int argc, char *argv[])
{
    struct view view;
    struct buf text = BUF_INIT(TEXT_MAX);
    (void)argv;
    if (argc > 1)
        return admin_misuse("metrics takes no arguments");
    if (admin->is_json)
        return admin_misuse("metrics has a form of its own; status has --json");
    int status = view_take(admin, &view);
    if (status != EX_OK)
        return status;
    enum err e = add_gauges(&text, &view);
    if (!e)
        e = add_counters(&text, &view);
    if (!e)
        e = add_labelled(&text, &view);
    if (!e)
        e = add_histograms(&text, &view);
    if (e)
        status = admin_fail(e, "metrics");
    else if (admin->output)
        status = replace(admin->output, buf_span(&text));
    else
        fwrite(text.data, 1, text.len, stdout);
    buf_free(&text);
    return status;
}
