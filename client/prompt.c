/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prompt.c: the dialogue. A line is a word with its options, run as from the command line, over one
 * connection that is kept; every wrong line is explained, and the dialogue goes on. */
#include "prompt.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "compose.h"
#include "input.h"
#include "say.h"
#include "words.h"

#include "base/banned.h"

#define LINE_MAX_BYTES ((size_t)64 << 10)
#define MOST_WORDS     32

static const char *const own_words[] = {"compose", "exit", "quit"};
#define OWN_COUNT (sizeof(own_words) / sizeof(own_words[0]))

static void list_words(const char *words[static MOST_WORDS])
{
    size_t n = 0;
    for (size_t i = 0; i < OWN_COUNT; i++)
        words[n++] = own_words[i];
    for (const struct word *word = words_table; word->name != NULL && n < MOST_WORDS - 1; word++)
        words[n++] = word->name;
    words[n] = NULL;
}

static void print_help(void)
{
    (void)printf("  %-30s %s\n", "compose [USER]", "write a message");
    for (const struct word *word = words_table; word->name != NULL; word++) {
        char usage[96];
        (void)snprintf(usage, sizeof(usage), "%s %s", word->name, word->usage);
        if (strlen(usage) > 30)
            (void)printf("  %s\n  %-30s %s\n", usage, "", word->summary);
        else
            (void)printf("  %-30s %s\n", usage, word->summary);
    }
    (void)printf("  %-30s %s\n", "exit", "leave; Ctrl-D does the same");
}

/* `register` and `login` without a name ask for one, as `compose` does. */
static bool wants_name(const struct session *s, const struct word *word, int argc)
{
    char user[FIELD_USER_SIZE];
    if (argc > 1 || s->options.user != NULL)
        return false;
    if (word->main == register_main)
        return true;
    return word->main == login_main && home_find_user(&s->home, s->host_key, user) != ERR_OK;
}

static enum status run_word(struct session *s, const struct word *word, struct arguments *a,
                            int first, const char *taken)
{
    struct buf line = BUF_INIT(0);
    const char *name = NULL;
    char *argv[3] = {a->argv[first], NULL, NULL};
    char typed[FIELD_USER_SIZE];
    int argc = a->argc - first;
    if (!wants_name(s, word, argc))
        return words_run(word, s, argc, a->argv + first, taken);
    enum status status = compose_ask_name("User name: ", &line, &name);
    if (status == STATUS_OK)
        status = session_take_name(typed, name);
    buf_free(&line);
    argv[1] = typed;
    return status == STATUS_OK ? words_run(word, s, 2, argv, taken) : status;
}

/* Server, directory and user are those of the whole run. */
static bool has_foreign_option(const struct options *now, const struct options *start)
{
    if (now->server == start->server && now->exec == start->exec && now->home == start->home &&
        now->user == start->user)
        return false;
    say("--server, --exec, --home and --user can't be changed here: leave, and start secmsg with "
        "them. "
        "`login NAME` logs in as somebody else.");
    return true;
}

static enum status run_compose(struct session *s, int argc, char *argv[], const char *taken)
{
    enum status status = options_check(argv[0], "", taken);
    if (status != STATUS_OK)
        return status;
    if (argc > 2) {
        say("compose takes one user, and asks for the message.");
        return STATUS_USAGE;
    }
    return compose_message(s, argc > 1 ? argv[1] : NULL);
}

static enum status run_arguments(struct session *s, struct arguments *a, bool *is_over)
{
    char taken[OPTIONS_TAKEN_SIZE];
    int first = 0;
    struct options start = s->options;
    /* getopt takes argv[0] for the program's name: the words begin at 1. */
    enum status status = options_parse(&s->options, a->argc, a->argv, &first, taken);
    if (status != STATUS_OK)
        return status;
    if (first >= a->argc || has_foreign_option(&s->options, &start))
        return STATUS_USAGE;
    const char *name = a->argv[first];
    const struct word *word = words_find(name);
    *is_over = strcmp(name, "exit") == 0 || strcmp(name, "quit") == 0;
    if (*is_over)
        return STATUS_OK;
    if (strcmp(name, "compose") == 0)
        return run_compose(s, a->argc - first, a->argv + first, taken);
    if (word == NULL)
        return words_say_unknown(name, "help");
    if (s->options.wants_help) {
        words_print_help(word);
        return STATUS_OK;
    }
    if (word->main == help_main && first + 1 == a->argc) {
        print_help();
        return STATUS_OK;
    }
    return run_word(s, word, a, first, taken);
}

static enum status run_line(struct session *s, struct span text, bool *is_over)
{
    static const char program[] = "secmsg ";
    struct arguments arguments;
    struct options start = s->options;
    struct buf line = BUF_INIT(LINE_MAX_BYTES + sizeof(program));
    enum err err = buf_append_str(&line, program);
    if (err == ERR_OK)
        err = buf_append_span(&line, text);
    if (err == ERR_OK)
        err = arguments_split(&arguments, buf_span(&line));
    buf_free(&line);
    if (err != ERR_OK) {
        say(err == ERR_INCOMPLETE ? "a quote isn't closed: put a second one, or a \\ before it."
                                  : "that line is too long.");
        return STATUS_USAGE;
    }
    enum status status = STATUS_OK;
    if (arguments.argc > 1)
        status = run_arguments(s, &arguments, is_over);
    s->options = start;
    (void)fflush(stdout);
    arguments_free(&arguments);
    return status;
}

static enum status run_lines(struct session *s)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    enum status last = STATUS_OK;
    bool is_over = false;
    while (!is_over) {
        char prompt[FIELD_USER_SIZE + 8];
        enum status status = STATUS_USAGE;
        (void)snprintf(prompt, sizeof(prompt), "%s> ", s->ring.is_unlocked ? s->user : "secmsg");
        enum err err = input_read_line(prompt, INPUT_COMMAND, &line);
        if (err == ERR_DENIED)
            continue;
        if (err == ERR_TOO_LARGE)
            say("that line is too long.");
        else if (err == ERR_MALFORMED)
            say("that line has a zero byte; it wasn't run.");
        else if (err != ERR_OK)
            break;
        else
            status = run_line(s, buf_span(&line), &is_over);
        last = status != STATUS_OK ? status : last;
    }
    buf_free(&line);
    return input_is_terminal() ? STATUS_OK : last;
}

enum status prompt_run(struct session *s)
{
    const char *words[MOST_WORDS];
    char user[FIELD_USER_SIZE];
    s->is_prompt = true;
    say_prefix(false);
    enum status status = session_connect(s);
    if (status != STATUS_OK)
        return status;
    /* The server waits only a few seconds for a login: each word connects when it must. */
    connection_close(&s->connection);
    if (input_is_terminal()) {
        struct visible_value server = session_server(s);
        bool is_known =
            s->options.user != NULL || home_find_user(&s->home, s->host_key, user) == ERR_OK;
        say("The server %s is there. Type %s; `help` shows all there is.", server.text,
            is_known ? "`login`" : "`register` to make an account, or `login` if you have one");
    }
    list_words(words);
    input_open(words);
    status = run_lines(s);
    input_close();
    if (input_is_terminal())
        say("Bye.");
    return status;
}
