/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings: one table of names serves the configuration file and the command line alike. */
#include "handler/settings.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/setting.h"
#include "guard/limits.h"
#include "wire/frame.h"

#include "base/banned.h"

const char settings_help[] =
    "Usage: secmsg-handler [OPTION]...\n"
    "Serve one secmsg connection on standard input and output.\n"
    "\n"
    "  --store=DIR                where everything is kept (default: $STATE_DIRECTORY,\n"
    "                             else " SETTING_STORE "); made on first use\n"
    "  --config=FILE              settings, a `name = value` each line (default:\n"
    "                             " SETTING_FILE ", if it exists)\n"
    "  --plain                    speak without handshake and sealed frames, for pipes and\n"
    "                             people on this machine; refused on a network socket\n"
    "  --fingerprint              print the host key's fingerprint, and exit\n"
    "\n"
    "Settings (in the file: the same names, without the dashes):\n"
    "  --hello-timeout=SECONDS    for the handshake (10)\n"
    "  --login-timeout=SECONDS    from there to a login (10; none in plain mode)\n"
    "  --idle-timeout=SECONDS     without a command, once logged in (600)\n"
    "  --registration=POLICY      open, invite or closed (open). Whom secmsg-admin users\n"
    "                             reset has invited may register under each\n"
    "  --max-message=BYTES        of one sealed message; K, M and G are understood (4M)\n"
    "  --mailbox-messages=N       waiting in one mailbox (10000)\n"
    "  --mailbox-bytes=BYTES      waiting in one mailbox (256M)\n"
    "  --mailbox-per-sender=N     percent of a mailbox that one sender may fill (25)\n"
    "  --disk-reserve=BYTES       of the disk that are left free: with less nobody can send,\n"
    "                             with less than twice as much nobody can register (64M)\n"
    "  --retention-days=N         how long unread messages are kept at least, told by INFO;\n"
    "                             0: for ever (0)\n"
    "  --max-connections=N        at once, in total (1024)\n"
    "  --max-connections-per-source=N  at once from one address, IPv6: one /64; a /48\n"
    "                             has twice as many (256)\n"
    "  --max-before-login-per-source=N  of these that haven't logged in (64)\n"
    "  --max-load=N               load average for each processor, above which nobody can\n"
    "                             register, with half as much again nobody can send; 0: any\n"
    "                             (16)\n"
    "  --penalty-login=SECONDS    that a wrong password costs a source (5)\n"
    "  --penalty-junk=SECONDS     that anything but the protocol costs it (10)\n"
    "  --penalty-grace=SECONDS    that running into hello-timeout or login-timeout does (10)\n"
    "  --penalty-min=SECONDS      add up before the source is refused (15)\n"
    "  --penalty-max=SECONDS      add up at most (600); 0: no penalties\n"
    "  --penalty-exempt=LIST      addresses and networks that aren't penalised, or none\n"
    "                             (127.0.0.0/8,::1)\n"
    "  --registration-rate=N      new accounts an hour, in total (1000)\n"
    "  --registration-rate-per-source=N  an hour, of one source (60)\n"
    "  --confinement=HOW          required, where a kernel without Landlock or seccomp is to\n"
    "                             serve nobody, or best-effort (best-effort)\n"
    "  --log-level=LEVEL          error, warning, notice, info or debug (info)\n"
    "\n"
    "  --help                     print this, and exit\n"
    "  --version                  print the version, and exit\n"
    "\n"
    "The log goes to standard error. Exit status 0 for everything that the other side can\n"
    "cause; sysexits.h for the rest. See docs/ for the protocol and for operating a server.\n";

static const struct setting_place numbers[] = {
    {"hello-timeout", offsetof(struct settings, hello_timeout)},
    {"login-timeout", offsetof(struct settings, login_timeout)},
    {"idle-timeout", offsetof(struct settings, idle_timeout)},
    {"max-message", offsetof(struct settings, max_message)},
    {"mailbox-messages", offsetof(struct settings, quota.messages)},
    {"mailbox-bytes", offsetof(struct settings, quota.bytes)},
    {"mailbox-per-sender", offsetof(struct settings, quota.per_sender_percent)},
    {"disk-reserve", offsetof(struct settings, quota.reserve)},
    {"retention-days", offsetof(struct settings, quota.retention_days)},
    {"max-load", offsetof(struct settings, max_load)},
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static const char *const registrations[] = {
    [REGISTRATION_OPEN] = "open",
    [REGISTRATION_INVITE] = "invite",
    [REGISTRATION_CLOSED] = "closed",
};

const char *settings_registration_name(enum registration registration)
{
    return registrations[registration];
}

size_t settings_max_frame(const struct settings *settings)
{
    return frame_line_len(WIRE_HEAD_MAX + 1 + (size_t)settings->max_message);
}

static enum err set_store(struct settings *s, const char *value)
{
    if (*value == '\0' || strlen(value) >= sizeof(s->store))
        return ERR_MALFORMED;
    snprintf(s->store, sizeof(s->store), "%s", value);
    return ERR_OK;
}

/* One setting by its name, from either source. A conf_setter. */
static enum err set(void *context, const char *name, const char *value)
{
    struct settings *s = context;
    enum err e = setting_keep_number(numbers, NUMBERS, s, name, value);
    if (e == ERR_NOT_FOUND)
        e = limits_set(&s->guard, name, value);
    if (e != ERR_NOT_FOUND)
        return e;
    if (strcmp(name, "store") == 0)
        return set_store(s, value);
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE,
                                            LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    size_t choice;
    e = setting_choice(name, value, &choice);
    if (!e && strcmp(name, "registration") == 0)
        s->registration = (enum registration)choice;
    else if (!e && strcmp(name, "confinement") == 0)
        s->confinement = (enum confinement)choice;
    else if (!e)
        s->log_level = levels[choice];
    return e;
}

/* What a file says must mean the same wherever the program is started. A conf_setter. */
static enum err set_from_file(void *context, const char *name, const char *value)
{
    return strcmp(name, "store") == 0 && *value != '/' ? ERR_MALFORMED : set(context, name, value);
}

static enum err set_defaults(struct settings *s)
{
    *s = (struct settings){
        .task = TASK_SERVE,
        .hello_timeout = 10,
        .login_timeout = 10,
        .idle_timeout = 600,
        .max_message = 4 * 1024 * 1024,
        .quota = {.messages = 10000,
                  .bytes = 256 * 1024 * 1024,
                  .per_sender_percent = 25,
                  .reserve = 64 * 1024 * 1024,
                  .retention_days = 0},
        .max_load = 16,
        .registration = REGISTRATION_OPEN,
        .confinement = CONFINEMENT_BEST_EFFORT,
        .log_level = LOG_LEVEL_INFO,
    };
    limits_default(&s->guard);
    return setting_default_store(s->store, sizeof(s->store));
}

/* What getopt_long returns for options that aren't names of settings. */
enum {
    OPTION_SETTING = 256,
    OPTION_CONFIG,
    OPTION_PLAIN,
    OPTION_FINGERPRINT,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"plain", no_argument, NULL, OPTION_PLAIN},
    {"fingerprint", no_argument, NULL, OPTION_FINGERPRINT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"store", required_argument, NULL, OPTION_SETTING},
    {"registration", required_argument, NULL, OPTION_SETTING},
    {"confinement", required_argument, NULL, OPTION_SETTING},
    {"log-level", required_argument, NULL, OPTION_SETTING},
    {"hello-timeout", required_argument, NULL, OPTION_SETTING},
    {"login-timeout", required_argument, NULL, OPTION_SETTING},
    {"idle-timeout", required_argument, NULL, OPTION_SETTING},
    {"max-message", required_argument, NULL, OPTION_SETTING},
    {"mailbox-messages", required_argument, NULL, OPTION_SETTING},
    {"mailbox-bytes", required_argument, NULL, OPTION_SETTING},
    {"mailbox-per-sender", required_argument, NULL, OPTION_SETTING},
    {"disk-reserve", required_argument, NULL, OPTION_SETTING},
    {"retention-days", required_argument, NULL, OPTION_SETTING},
    {"max-connections", required_argument, NULL, OPTION_SETTING},
    {"max-connections-per-source", required_argument, NULL, OPTION_SETTING},
    {"max-before-login-per-source", required_argument, NULL, OPTION_SETTING},
    {"max-load", required_argument, NULL, OPTION_SETTING},
    {"penalty-login", required_argument, NULL, OPTION_SETTING},
    {"penalty-junk", required_argument, NULL, OPTION_SETTING},
    {"penalty-grace", required_argument, NULL, OPTION_SETTING},
    {"penalty-min", required_argument, NULL, OPTION_SETTING},
    {"penalty-max", required_argument, NULL, OPTION_SETTING},
    {"penalty-exempt", required_argument, NULL, OPTION_SETTING},
    {"registration-rate", required_argument, NULL, OPTION_SETTING},
    {"registration-rate-per-source", required_argument, NULL, OPTION_SETTING},
    {NULL, 0, NULL, 0},
};

/* One pass over the command line: the first only looks for the file, the second sets everything. */
struct pass {
    struct settings *settings;
    bool is_first;
    const char *config;
    char *message;
    size_t size;
};

static void say_bad_value(const struct pass *pass, const char *name, const char *value)
{
    char allowed[256];
    setting_describe(name, allowed, sizeof(allowed));
    snprintf(pass->message, pass->size, "--%s: bad value %s: %s", name, log_quote(value).text,
             allowed);
}

static enum err take_option(struct pass *pass, int option, int index)
{
    switch (option) {
    case OPTION_CONFIG:
        pass->config = optarg;
        return ERR_OK;
    case OPTION_PLAIN:
        pass->settings->is_plain = true;
        return ERR_OK;
    case OPTION_FINGERPRINT:
        pass->settings->task = TASK_FINGERPRINT;
        return ERR_OK;
    case OPTION_HELP:
        pass->settings->task = TASK_HELP;
        return ERR_OK;
    case OPTION_VERSION:
        pass->settings->task = TASK_VERSION;
        return ERR_OK;
    case OPTION_SETTING:
        if (pass->is_first || !set(pass->settings, options[index].name, optarg))
            return ERR_OK;
        say_bad_value(pass, options[index].name, optarg);
        return ERR_MALFORMED;
    default:
        return ERR_NOT_FOUND;
    }
}

static enum err walk(struct pass *pass, int argc, char *argv[])
{
    opterr = 0;
    optind = 0; /* glibc: start anew, also on the second pass */
    for (;;) {
        int at = optind ? optind : 1, index = 0;
        int option = getopt_long(argc, argv, "+:", options, &index);
        if (option == -1)
            break;
        enum err e = take_option(pass, option, index);
        if (option == ':')
            snprintf(pass->message, pass->size, "%s: its value is missing; see --help",
                     log_quote(argv[at]).text);
        else if (e == ERR_NOT_FOUND)
            snprintf(pass->message, pass->size,
                     "%s: no such option, or one that takes no value; see --help",
                     log_quote(argv[at]).text);
        if (e)
            return ERR_MALFORMED;
    }
    if (optind == argc)
        return ERR_OK;
    snprintf(pass->message, pass->size, "%s: one argument too many; see --help",
             log_quote(argv[optind]).text);
    return ERR_MALFORMED;
}

static enum err read_config(struct pass *pass)
{
    const char *path = pass->config ? pass->config : SETTING_FILE;
    enum err e = conf_read(path, set_from_file, pass->settings, pass->message, pass->size);
    if (e == ERR_NOT_FOUND && !pass->config)
        return ERR_OK;
    return e == ERR_MALFORMED ? ERR_DENIED : e;
}

enum err settings_read(struct settings *settings, int argc, char *argv[], char *message,
                       size_t size)
{
    struct pass pass = {.settings = settings, .is_first = true, .message = message, .size = size};
    snprintf(message, size, "$STATE_DIRECTORY is too long");
    enum err e = set_defaults(settings);
    if (!e)
        e = walk(&pass, argc, argv);
    if (e || settings->task == TASK_HELP || settings->task == TASK_VERSION)
        return e;
    e = read_config(&pass);
    pass.is_first = false;
    return e ? e : walk(&pass, argc, argv);
}
