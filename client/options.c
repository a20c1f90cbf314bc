/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.c: parses the command line. A wrong one is explained, and nothing else happens. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "crypto/field.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define DEFAULT_TIMEOUT_MS 30000
#define MOST_SECONDS       86400
#define MOST_MESSAGES      1000000

/* Values of options that every word takes lie above all letters. */
enum {
    OPTION_SERVER = 256,
    OPTION_EXEC,
    OPTION_USER,
    OPTION_PASSWORD_FD,
    OPTION_PASSWORD_FILE,
    OPTION_HOME,
    OPTION_TIMEOUT,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option table[] = {
    {"server", required_argument, NULL, OPTION_SERVER},
    {"exec", required_argument, NULL, OPTION_EXEC},
    {"user", required_argument, NULL, OPTION_USER},
    {"password-fd", required_argument, NULL, OPTION_PASSWORD_FD},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"home", required_argument, NULL, OPTION_HOME},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"invite", required_argument, NULL, 'i'},
    {"invite-file", required_argument, NULL, 'I'},
    {"message", required_argument, NULL, 'm'},
    {"file", required_argument, NULL, 'f'},
    {"reply", required_argument, NULL, 'R'},
    {"drop", required_argument, NULL, 'd'},
    {"output", required_argument, NULL, 'o'},
    {"number", required_argument, NULL, 'n'},
    {"all", no_argument, NULL, 'a'},
    {"raw", no_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

static const char *get_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void options_defaults(struct options *options)
{
    *options = (struct options){.server = get_environment("SECMSG_SERVER"),
                                .user = get_environment("SECMSG_USER"),
                                .password_fd = -1,
                                .timeout_ms = DEFAULT_TIMEOUT_MS};
}

static enum status take_number(const char *option, const char *value, uint64_t most,
                               uint64_t *number)
{
    if (field_number(span_str(value), number) == ERR_OK && *number <= most)
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(value));
    say("%s wants a whole number up to %llu, and got \"%s\".", option, (unsigned long long)most,
        shown.text);
    return STATUS_USAGE;
}

static enum status take_password_fd(struct options *options, const char *value)
{
    uint64_t number = 0;
    enum status status = take_number("--password-fd", value, 1048576, &number);
    options->password_fd = (int)number;
    if (status == STATUS_OK && (number == 1 || number == 2)) {
        say("--password-fd wants a descriptor to read from: 0, or 3 and above.");
        status = STATUS_USAGE;
    }
    /* It is ours alone: a command of --exec mustn't inherit it. */
    if (status == STATUS_OK && fcntl(options->password_fd, F_SETFD, FD_CLOEXEC) != 0) {
        say("can't use descriptor %d of --password-fd: %s.", options->password_fd, strerror(errno));
        status = STATUS_NO_INPUT;
    }
    return status;
}

static enum status take_timeout(struct options *options, const char *value)
{
    uint64_t seconds = 0;
    enum status status = take_number("--timeout", value, MOST_SECONDS, &seconds);
    if (status == STATUS_OK && seconds == 0) {
        say("--timeout wants at least one second.");
        return STATUS_USAGE;
    }
    options->timeout_ms = seconds * 1000;
    return status;
}

static enum status take_count(struct options *options, const char *value)
{
    enum status status = take_number("-n", value, MOST_MESSAGES, &options->count);
    if (status == STATUS_OK && options->count == 0) {
        say("-n wants at least 1.");
        return STATUS_USAGE;
    }
    return status;
}

static enum status take_common(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_SERVER:
        options->server = value;
        break;
    case OPTION_EXEC:
        options->exec = value;
        break;
    case OPTION_USER:
        options->user = value;
        break;
    case OPTION_PASSWORD_FD:
        return take_password_fd(options, value);
    case OPTION_PASSWORD_FILE:
        options->password_file = value;
        break;
    case OPTION_HOME:
        options->home = value;
        break;
    case OPTION_TIMEOUT:
        return take_timeout(options, value);
    case OPTION_HELP:
        options->wants_help = true;
        break;
    case OPTION_VERSION:
        options->wants_version = true;
        break;
    default:
        break;
    }
    return STATUS_OK;
}

static enum status take_own(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'i':
        options->invite = value;
        break;
    case 'I':
        options->invite_file = value;
        break;
    case 'm':
        options->message = value;
        break;
    case 'f':
        options->file = value;
        break;
    case 'R':
        options->reply = value;
        break;
    case 'd':
        options->drop = value;
        break;
    case 'o':
        options->output = value;
        break;
    case 'n':
        return take_count(options, value);
    case 'a':
        options->is_all = true;
        break;
    case 'r':
        options->is_raw = true;
        break;
    default:
        break;
    }
    return STATUS_OK;
}

static void note_taken(char taken[static OPTIONS_TAKEN_SIZE], char letter)
{
    size_t len = strlen(taken);
    if (memchr(taken, letter, len) == NULL && len + 1 < OPTIONS_TAKEN_SIZE) {
        taken[len] = letter;
        taken[len + 1] = '\0';
    }
}

/* What getopt would say by itself begins with the program's whole path, and isn't made visible. */
static enum status say_wrong(int option, const char *argument)
{
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_long = strncmp(argument, "--", 2) == 0;
    bool is_letter = !is_long && optopt > ' ' && optopt <= '~';
    struct visible_value shown = visible_value(span_str(is_letter ? letter : argument));
    if (option == ':')
        say("%s wants a value.", shown.text);
    else if (is_long && optopt != 0)
        say("%s has a value, but that option takes none.", shown.text);
    else
        say("there is no option %s%s.", shown.text,
            is_long ? ", or there is more than one that begins so" : "");
    return STATUS_USAGE;
}

/* --exec on the command line goes before the environment's server, but not before another option. */
static enum status check_server(struct options *options)
{
    if (options->exec == NULL || options->server == NULL)
        return STATUS_OK;
    if (options->server != get_environment("SECMSG_SERVER")) {
        say("give either --server or --exec, not both.");
        return STATUS_USAGE;
    }
    options->server = NULL;
    return STATUS_OK;
}

enum status options_parse(struct options *options, int argc, char *argv[], int *first,
                          char taken[static OPTIONS_TAKEN_SIZE])
{
    int option;
    taken[0] = '\0';
    optind = 0; /* glibc: begin anew, also after an earlier line at the prompt */
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":m:f:o:n:h", table, NULL)) != -1) {
        enum status status;
        if (option == '?' || option == ':')
            return say_wrong(option, optind > 1 ? argv[optind - 1] : argv[1]);
        if (option == 'h')
            option = OPTION_HELP;
        if (option > 0 && option < OPTION_SERVER) {
            note_taken(taken, (char)option);
            status = take_own(options, option, optarg);
        } else {
            status = take_common(options, option, optarg);
        }
        if (status != STATUS_OK)
            return status;
    }
    *first = optind;
    return check_server(options);
}

enum status options_check(const char *word, const char *letters, const char *taken)
{
    for (const char *letter = taken; *letter != '\0'; letter++) {
        if (strchr(letters, *letter) != NULL)
            continue;
        for (const struct option *row = table; row->name != NULL; row++) {
            if (row->val == *letter)
                say("%s takes no --%s. Type `%shelp %s` for what it takes.", word, row->name,
                    say_command(), word);
        }
        return STATUS_USAGE;
    }
    return STATUS_OK;
}
