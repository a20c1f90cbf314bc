/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secmsg-admin: settles the options, and runs one word. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/output.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/setting.h"
#include "base/standard.h"
#include "crypto/crypto.h"

#include "base/banned.h"

#define DAYS_MOST 36500

static const char help[] =
    "Usage: secmsg-admin [OPTION]... WORD [ARGUMENT]...\n"
    "Look after a secmsg store, while it is in use.\n"
    "\n"
    "  check [--repair]           read everything and compare it; exit status 0: clean,\n"
    "                             1: repaired, 65: damaged\n"
    "  backup DIR                 copy the store; into an earlier backup, what is new\n"
    "  restore DIR                make the store, which isn't there, from a backup\n"
    "  compact                    give back the space of what was removed\n"
    "  expire [--days=N]          the same, and drop messages that have waited N days\n"
    "                             (default: the setting retention-days)\n"
    "  stats                      how much there is of what\n"
    "  status                     how things stand: connections, rates, queues, disk\n"
    "  metrics [--output=FILE]    the same for Prometheus, into a file that is replaced whole\n"
    "  users list                 all accounts, and names that stay reserved\n"
    "  users show NAME            one of them\n"
    "  users disable NAME         no login and no new messages, until: users enable NAME\n"
    "  users delete NAME          with all messages, for good; the name stays reserved\n"
    "  users reset NAME [--expires=TIME]  the same, and print an invitation: whoever has\n"
    "                             it can register the name once, with new keys\n"
    "  invite new [--uses=N] [--expires=TIME] [--note=TEXT]  print an invitation: whoever\n"
    "                             has it can register any free name, once (or N times)\n"
    "  invite list                all invitations to any name, and how often each was used\n"
    "  invite revoke ID           nobody is admitted by it any more\n"
    "  penalties                  which sources have some: how long, what for, and whether new\n"
    "                             connections are refused\n"
    "  penalties clear SOURCE     forget those of an address; of every one: penalties clear all\n"
    "  fingerprint                the host key's, for whoever wants to check it\n"
    "  init                       make a store, and print its fingerprint\n"
    "\n"
    "  --store=DIR                the store (default: as secmsg-handler: `store` in the\n"
    "                             settings, else $STATE_DIRECTORY, else " SETTING_STORE ")\n"
    "  --config=FILE              settings (default: " SETTING_FILE ", if it exists)\n"
    "  --expires=TIME             how long an invitation is good: 30m, 12h, 7d or 4w (7d)\n"
    "  --json                     for scripts: one JSON object a line\n"
    "  --help                     print this, and exit\n"
    "  --version                  print the version, and exit\n"
    "\n"
    "Run it as the user that owns the store. Exit statuses are those of sysexits.h.\n";

static const struct word {
    const char *name;
    int (*main)(struct admin *admin, int argc, char *argv[]);
    bool takes_repair;
    bool takes_days;
    bool takes_terms; /* of an invitation */
} words[] = {
    {"backup", backup_main, false, false, false},
    {"check", check_main, true, false, false},
    {"compact", compact_main, false, false, false},
    {"expire", expire_main, false, true, false},
    {"fingerprint", fingerprint_main, false, false, false},
    {"init", init_main, false, false, false},
    {"invite", invite_main, false, false, true},
    {"metrics", metrics_main, false, false, false},
    {"penalties", penalties_main, false, false, false},
    {"restore", restore_main, false, false, false},
    {"stats", stats_main, false, false, false},
    {"status", status_main, false, false, false},
    {"users", users_main, false, false, true},
};

static enum err set_path(struct admin *admin, const char *path)
{
    if (*path == '\0' || strlen(path) >= sizeof(admin->path))
        return ERR_MALFORMED;
    snprintf(admin->path, sizeof(admin->path), "%s", path);
    return ERR_OK;
}

/* Of the handler's settings two matter here, but a mistake in any is one: it may be in the name of these. A
 * conf_setter. */
static enum err take_setting(void *context, const char *name, const char *value)
{
    struct admin *admin = context;
    if (strcmp(name, "store") == 0)
        return *value == '/' ? set_path(admin, value) : ERR_MALFORMED;
    if (strcmp(name, "retention-days") == 0)
        return setting_number(name, value, &admin->quota.retention_days);
    if (strcmp(name, "penalty-exempt") == 0) {
        struct source_list unused;
        return source_list_parse(&unused, value) ? ERR_MALFORMED : ERR_OK;
    }
    return setting_check(name, value);
}

enum { STORE = 256, CONFIG, DAYS, USES, EXPIRES, NOTE, OUTPUT, REPAIR, JSON, HELP, VERSION };

struct options {
    const char *store;
    const char *config;
    const char *days;
    const char *uses;
    const char *expires;
    const char *note;
    const char *output;
    bool may_repair;
    bool is_json;
    bool wants_help;
    bool wants_version;
};

/* What getopt_long didn't like, by the last argument that it looked at. */
static int refuse_option(int option, const char *given)
{
    size_t n = strcspn(given, "=");
    char name[128];
    snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), given);
    const struct log_value shown = log_escape(span_str(name));
    if (option == ':')
        return admin_misuse("%s needs a value", shown.text);
    if (optopt >= STORE)
        return admin_misuse("%s takes no value", shown.text);
    return admin_misuse("there is no option %s", shown.text);
}

static int take_option(struct options *o, int option, const char *given)
{
    switch (option) {
    case STORE:
        o->store = optarg;
        return EX_OK;
    case CONFIG:
        o->config = optarg;
        return EX_OK;
    case DAYS:
        o->days = optarg;
        return EX_OK;
    case USES:
        o->uses = optarg;
        return EX_OK;
    case EXPIRES:
        o->expires = optarg;
        return EX_OK;
    case NOTE:
        o->note = optarg;
        return EX_OK;
    case OUTPUT:
        o->output = optarg;
        return EX_OK;
    case REPAIR:
        o->may_repair = true;
        return EX_OK;
    case JSON:
        o->is_json = true;
        return EX_OK;
    case HELP:
        o->wants_help = true;
        return EX_OK;
    case VERSION:
        o->wants_version = true;
        return EX_OK;
    default:
        return refuse_option(option, given);
    }
}

static int parse(struct options *o, int argc, char *argv[])
{
    static const struct option options[] = {
        {"store", required_argument, NULL, STORE},
        {"config", required_argument, NULL, CONFIG},
        {"days", required_argument, NULL, DAYS},
        {"uses", required_argument, NULL, USES},
        {"expires", required_argument, NULL, EXPIRES},
        {"note", required_argument, NULL, NOTE},
        {"output", required_argument, NULL, OUTPUT},
        {"repair", no_argument, NULL, REPAIR},
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {NULL, 0, NULL, 0},
    };
    int status = EX_OK;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1 && !status;)
        status = take_option(o, option, argv[optind > 1 ? optind - 1 : 1]);
    return status;
}

static int settle(struct admin *admin, const struct options *o)
{
    char message[1024];
    enum err e = setting_default_store(admin->path, sizeof(admin->path));
    if (e)
        return admin_misuse("$STATE_DIRECTORY is too long");
    const char *config = o->config != NULL ? o->config : SETTING_FILE;
    e = conf_read(config, take_setting, admin, message, sizeof(message));
    if (e && !(e == ERR_NOT_FOUND && o->config == NULL)) {
        fprintf(stderr, "secmsg-admin: %s\n", message);
        return e == ERR_MALFORMED ? EX_CONFIG : EX_NOINPUT;
    }
    if (o->store != NULL && set_path(admin, o->store))
        return admin_misuse("--store must be the path of a directory");
    if (o->days != NULL && conf_number(o->days, 1, DAYS_MOST, &admin->days))
        return admin_misuse("--days takes a number from 1 to 36500");
    admin->uses = o->uses;
    admin->expires = o->expires;
    admin->note = o->note;
    if (o->output != NULL && *o->output == '\0')
        return admin_misuse("--output takes a file");
    admin->output = o->output;
    admin->is_json = o->is_json;
    admin->may_repair = o->may_repair;
    return EX_OK;
}

static const struct word *find_word(const char *name)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(name, words[i].name) == 0)
            return &words[i];
    }
    return NULL;
}

static int run(struct admin *admin, int argc, char *argv[])
{
    const struct word *word = argc == 0 ? NULL : find_word(argv[0]);
    if (word == NULL)
        return argc == 0 ? admin_misuse("a word that says what is to be done is missing")
                         : admin_misuse("%s is no word", log_quote(argv[0]).text);
    if (admin->may_repair && !word->takes_repair)
        return admin_misuse("--repair belongs to check");
    if (admin->days != 0 && !word->takes_days)
        return admin_misuse("--days belongs to expire");
    bool has_terms = admin->uses != NULL || admin->expires != NULL || admin->note != NULL;
    if (has_terms && !word->takes_terms)
        return admin_misuse("--uses, --expires and --note belong to invite new and users reset");
    if (admin->output != NULL && word->main != metrics_main)
        return admin_misuse("--output belongs to metrics");
    return word->main(admin, argc, argv);
}

int main(int argc, char *argv[])
{
    static struct admin admin;
    struct options options = {0};
    if (!standard_fill())
        return EX_OSERR;
    log_open("secmsg-admin", LOG_LEVEL_WARNING);
    output_open();
    int status = parse(&options, argc, argv);
    if (status != EX_OK)
        return status;
    if (options.wants_help || options.wants_version) {
        fputs(options.wants_help ? help : "secmsg-admin " SECMSG_VERSION "\n", stdout);
        return output_check(EX_OK, NULL);
    }
    if (crypto_init(0)) {
        fputs("secmsg-admin: libgcrypt 1.10 or later is needed, and can't be used\n", stderr);
        return EX_UNAVAILABLE;
    }
    status = settle(&admin, &options);
    if (status == EX_OK)
        status = run(&admin, argc - optind, argv + optind);
    guard_close(&admin.guard);
    store_close(admin.store);
    crypto_end();
    return output_check(status, NULL);
}
