/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.c: parses the command line. A wrong one is explained, and nothing else happens. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define MOST_SECONDS    86400
#define MOST_MESSAGES   1000000
#define MOST_REMEMBERED (30 * (uint64_t)86400)

/* Values of options that every word takes lie above all letters. */
enum {
    OPTION_SERVER = 256,
    OPTION_EXEC,
    OPTION_USER,
    OPTION_PASSWORD_FD,
    OPTION_PASSWORD_FILE,
    OPTION_HOME,
    OPTION_TIMEOUT,
    OPTION_JSON,
    OPTION_TRUST,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_PROGRAM /* --exec, behind the word whose own it is */
};

/* What getopt_long gives for a word that is no option. */
#define WORD 1

static const struct option table[] = {
    {"server", required_argument, NULL, OPTION_SERVER},
    {"exec", required_argument, NULL, OPTION_EXEC},
    {"user", required_argument, NULL, OPTION_USER},
    {"password-fd", required_argument, NULL, OPTION_PASSWORD_FD},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"home", required_argument, NULL, OPTION_HOME},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"trust", required_argument, NULL, OPTION_TRUST},
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
    {"edit", no_argument, NULL, 'e'},
    {"host", required_argument, NULL, 'H'},
    {"qr", no_argument, NULL, 'Q'},
    {"remember", required_argument, NULL, 'T'},
    {"yes", required_argument, NULL, 'y'},
    {"new-password-fd", required_argument, NULL, 'N'},
    {"new-password-file", required_argument, NULL, 'P'},
    {NULL, 0, NULL, 0},
};

void options_defaults(struct options *options)
{
    *options = (struct options){.password_fd = -1, .new_password_fd = -1};
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

static enum status take_descriptor(int *fd, const char *option, const char *value)
{
    uint64_t number = 0;
    enum status status = take_number(option, value, 1048576, &number);
    *fd = (int)number;
    if (status == STATUS_OK && (number == 1 || number == 2)) {
        say("%s wants a descriptor to read from: 0, or 3 and above.", option);
        status = STATUS_USAGE;
    }
    /* It is ours alone: a command of --exec mustn't inherit it. */
    if (status == STATUS_OK && fcntl(*fd, F_SETFD, FD_CLOEXEC) != 0) {
        say("can't use descriptor %d of %s: %s.", *fd, option, strerror(errno));
        status = STATUS_NO_INPUT;
    }
    return status;
}

bool options_take_timeout(struct options *options, const char *value)
{
    uint64_t seconds;
    if (field_number(span_str(value), &seconds) != ERR_OK || seconds < 1 || seconds > MOST_SECONDS)
        return false;
    options->timeout_ms = seconds * 1000;
    return true;
}

static enum status take_timeout(struct options *options, const char *value)
{
    if (options_take_timeout(options, value))
        return STATUS_OK;
    struct visible_value shown = visible_value(span_str(value));
    say("--timeout wants seconds, 1 to %d, and got \"%s\".", MOST_SECONDS, shown.text);
    return STATUS_USAGE;
}

/* A number and a unit. */
static enum status take_span_of_time(uint64_t *seconds, const char *value)
{
    static const char units[] = "smhd";
    static const uint64_t factors[] = {1, 60, 3600, 86400};
    size_t len = strlen(value);
    const char *unit = len > 0 ? strchr(units, value[len - 1]) : NULL;
    uint64_t factor = unit != NULL ? factors[unit - units] : 0;
    if (factor > 0 && field_number(span_of(value, len - 1), seconds) == ERR_OK && *seconds > 0 &&
        *seconds <= MOST_REMEMBERED / factor) {
        *seconds *= factor;
        return STATUS_OK;
    }
    struct visible_value shown = visible_value(span_str(value));
    say("--remember wants a time like 30m, 8h or 7d, and at most 30d, and got \"%s\".", shown.text);
    return STATUS_USAGE;
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

bool options_is_trust(const char *value)
{
    return strcmp(value, "first-use") == 0 || strcmp(value, "strict") == 0;
}

bool options_is_strict(const struct options *options)
{
    return options->trust != NULL && strcmp(options->trust, "strict") == 0;
}

bool options_take_name(char user[static FIELD_USER_SIZE], const char *name)
{
    char folded[FIELD_USER_SIZE];
    size_t len = strlen(name);
    for (size_t i = 0; i <= len && i < sizeof(folded); i++) {
        char c = name[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (len >= sizeof(folded) || !field_is_user(span_of(folded, len)))
        return false;
    memcpy(user, folded, len + 1);
    return true;
}

static enum status take_trust(struct options *options, const char *value)
{
    if (!options_is_trust(value)) {
        struct visible_value shown = visible_value(span_str(value));
        say("--trust wants first-use or strict, and got \"%s\".", shown.text);
        return STATUS_USAGE;
    }
    options->trust = value;
    return STATUS_OK;
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
        return take_descriptor(&options->password_fd, "--password-fd", value);
    case OPTION_PASSWORD_FILE:
        options->password_file = value;
        break;
    case OPTION_HOME:
        options->home = value;
        break;
    case OPTION_TIMEOUT:
        return take_timeout(options, value);
    case OPTION_JSON:
        options->is_json = true;
        break;
    case OPTION_PROGRAM:
        options->program = value;
        break;
    case OPTION_TRUST:
        return take_trust(options, value);
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
    case 'e':
        options->is_edit = true;
        break;
    case 'r':
        options->is_raw = true;
        break;
    case 'H':
        options->host = value;
        break;
    case 'Q':
        options->is_qr = true;
        break;
    case 'T':
        return take_span_of_time(&options->remember, value);
    case 'y':
        options->yes = value;
        break;
    case 'N':
        return take_descriptor(&options->new_password_fd, "--new-password-fd", value);
    case 'P':
        options->new_password_file = value;
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

static enum status check_password(const struct options *options, const struct options *before)
{
    if (options->password_fd == before->password_fd ||
        options->password_file == before->password_file)
        return STATUS_OK;
    say("give either --password-file or --password-fd, not both.");
    return STATUS_USAGE;
}

/* What is given here goes before what was given elsewhere. */
static enum status check_server(struct options *options, const struct options *before)
{
    bool has_server = options->server != before->server, has_exec = options->exec != before->exec;
    if (has_server && has_exec) {
        say("give either --server or --exec, not both.");
        return STATUS_USAGE;
    }
    if (has_exec)
        options->server = NULL;
    if (has_server)
        options->exec = NULL;
    return STATUS_OK;
}

/* From argv[1] up to `end`, and those behind `--`, to the end of argv. */
static int move_words(int argc, char *argv[], int end)
{
    while (optind < argc)
        argv[end++] = argv[optind++];
    memmove(argv + argc - (end - 1), argv + 1, (size_t)(end - 1) * sizeof(*argv));
    return argc - (end - 1);
}

enum status options_parse(struct options *options, int argc, char *argv[], int *first,
                          char taken[static OPTIONS_TAKEN_SIZE])
{
    const struct options before = *options;
    int option, words = 1;
    taken[0] = '\0';
    optind = 0; /* glibc: begin anew, also after an earlier line at the prompt */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "-:m:f:o:n:h", table, NULL)) != -1) {
        enum status status;
        if (option == '?' || option == ':')
            return say_wrong(option, optind > 1 ? argv[optind - 1] : argv[1]);
        if (option == WORD) {
            argv[words++] = optarg;
            continue;
        }
        if (option == 'h')
            option = OPTION_HELP;
        if (option == OPTION_EXEC && words > 1 && strcmp(argv[1], "watch") == 0)
            option = OPTION_PROGRAM;
        if (option > 0 && option < OPTION_SERVER) {
            note_taken(taken, (char)option);
            status = take_own(options, option, optarg);
        } else {
            status = take_common(options, option, optarg);
        }
        if (status != STATUS_OK)
            return status;
    }
    *first = move_words(argc, argv, words);
    enum status status = check_password(options, &before);
    return status == STATUS_OK ? check_server(options, &before) : status;
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
