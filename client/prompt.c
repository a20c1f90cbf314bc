/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prompt.c: the dialogue. A line is a word with its options, run as from the command line, over one
 * connection that is kept; every wrong line is explained, and the dialogue goes on. */
#include "prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "arrivals.h"
#include "complete.h"
#include "compose.h"
#include "input.h"
#include "page.h"
#include "password.h"
#include "say.h"
#include "words.h"

#include "base/banned.h"

#define LINE_MAX_BYTES ((size_t)64 << 10)
#define MOST_WORDS     64

static word_main leave, help;

/* The prompt's own words, which go before those of the command line. */
static const struct word own_words[] = {
    {"compose", compose_main, 1, "e", "[USER] [--edit]", "write a message",
     "Asks for the recipient, unless you name one, and takes the message line by line. A lone . "
     "or\n"
     "Ctrl-D ends it and sends it; Ctrl-C drops it. What can't be sent waits in the outbox.\n"},
    {"edit", compose_edit_main, 1, "e", "[USER]", "write in your editor",
     "The same as `compose --edit`: the text is written in $VISUAL, $EDITOR or vi, and sent when\n"
     "that ends with status 0. What was saved and isn't sent is kept as a draft.\n"},
    {"help", help, 1, "", "[WORD]", "this, or more about a word",
     "Lists all words, or tells what a word does and which options it takes.\n"},
    {"exit", leave, 0, "", "", "leave; Ctrl-D does the same",
     "Leaves. Your keys stay on this machine, sealed; `logout` removes them.\n"},
    {"quit", leave, 0, "", "", "the same as exit", "The same as `exit`.\n"},
};
#define OWN_COUNT (sizeof(own_words) / sizeof(own_words[0]))

struct prompt {
    struct session *session;
    struct arrivals arrivals;
};

/* What became of a line. */
struct outcome {
    bool is_over;
    bool owes_text; /* the lines of a message follow, and nobody has read them */
};

static const struct word *find_word(const char *name)
{
    if (strcmp(name, "?") == 0)
        name = "help";
    for (size_t i = 0; i < OWN_COUNT; i++) {
        if (strcmp(own_words[i].name, name) == 0)
            return &own_words[i];
    }
    return words_find(name);
}

/* `compose` first, then the words of the command line, then the rest. */
static void list_words(const struct word *list[static MOST_WORDS])
{
    size_t n = 0;
    list[n++] = &own_words[0];
    for (const struct word *word = words_table; word->name != NULL; word++) {
        if (n < MOST_WORDS - OWN_COUNT && find_word(word->name) == word)
            list[n++] = word;
    }
    for (size_t i = 1; i < OWN_COUNT; i++)
        list[n++] = &own_words[i];
    list[n] = NULL;
}

/* With a summary each; all others by name alone: the whole must fit a terminal of 24 rows. */
static bool is_everyday(const struct word *word)
{
    static const char *const names[] = {"compose", "register", "login", "send", "reply",  "read",
                                        "inbox",   "history",  "show",  "save", "outbox", "edit",
                                        "trust",   "contacts", "help",  "exit", "quit"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], word->name) == 0)
            return true;
    }
    return false;
}

static enum err append_help(struct buf *text)
{
    const struct word *list[MOST_WORDS];
    const char *before = "\nAlso: ";
    enum err err = ERR_OK;
    list_words(list);
    for (size_t i = 0; list[i] != NULL && err == ERR_OK; i++) {
        if (is_everyday(list[i]))
            err = buf_printf(text, "%-10s %s\n", list[i]->name, list[i]->summary);
    }
    for (size_t i = 0; list[i] != NULL && err == ERR_OK; i++) {
        if (is_everyday(list[i]))
            continue;
        err = buf_printf(text, "%s%s", before, list[i]->name);
        before = ", ";
    }
    return err == ERR_OK ? buf_append_str(text, ". `help WORD` tells more.\n") : err;
}

static void print_help(void)
{
    struct buf text = BUF_INIT(LINE_MAX_BYTES), rows = BUF_INIT(2 * LINE_MAX_BYTES);
    enum err err = append_help(&text);
    if (err == ERR_OK)
        err = page_append(&rows, page_width(STDOUT_FILENO), 0, buf_span(&text));
    if (err == ERR_OK)
        (void)fwrite(rows.data, 1, rows.len, stdout);
    else
        (void)say_failure(err, "can't show help");
    buf_free(&text);
    buf_free(&rows);
}

static enum status help(struct session *s, int argc, char *argv[])
{
    const struct word *word = argc > 1 ? find_word(argv[1]) : NULL;
    (void)s;
    if (argc < 2)
        print_help();
    else if (word == NULL)
        return words_say_unknown(argv[1]);
    else
        words_print_prompt_help(word);
    return STATUS_OK;
}

static enum status leave(struct session *s, int argc, char *argv[])
{
    (void)s;
    (void)argc;
    (void)argv;
    return STATUS_OK;
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

/* argv[0] is the word, and argv[argc] NULL. */
static enum status run_named(struct session *s, const struct word *word, int argc, char *argv[])
{
    struct buf line = BUF_INIT(0);
    const char *name = NULL;
    char typed[FIELD_USER_SIZE];
    char *with_name[3] = {argv[0], typed, NULL};
    if (!wants_name(s, word, argc))
        return word->main(s, argc, argv);
    enum status status = compose_ask_name("User name: ", &line, &name);
    if (status == STATUS_OK)
        status = session_take_name(typed, name);
    buf_free(&line);
    return status == STATUS_OK ? word->main(s, 2, with_name) : status;
}

/* Server, directory and user are those of the whole run; a descriptor must be kept from a command of --exec,
 * and one may have inherited it already. */
static bool has_foreign_option(const struct options *now, const struct options *start)
{
    if (now->server == start->server && now->exec == start->exec && now->home == start->home &&
        now->user == start->user && now->password_fd == start->password_fd &&
        now->new_password_fd == start->new_password_fd)
        return false;
    say("--server, --exec, --home, --user, --password-fd and --new-password-fd can't be given "
        "here: leave, and start secmsg with them. `login NAME` logs in as somebody else, "
        "--password-file names a file.");
    return true;
}

static enum status say_wrong_options(const char *name)
{
    const struct word *word = find_word(name);
    say("Type `help%s%s` for what there is.", word != NULL ? " " : "",
        word != NULL ? word->name : "");
    return STATUS_USAGE;
}

static enum status run_options_alone(const struct options *options)
{
    if (options->wants_help) {
        print_help();
        return STATUS_OK;
    }
    say("those are options without a word, and nothing was done. Type `help` for what there is.");
    return STATUS_USAGE;
}

/* Whether no text and no file is given in the line itself. */
static bool is_bare(const struct arguments *a)
{
    for (int i = 1; i < a->argc; i++) {
        const char *word = a->argv[i];
        if (strncmp(word, "-m", 2) == 0 || strncmp(word, "-f", 2) == 0 ||
            strncmp(word, "--m", 3) == 0 || strncmp(word, "--f", 3) == 0)
            return false;
    }
    return true;
}

/* Whether the lines of a message follow this one, as far as can be told. */
static bool has_text_word(const struct arguments *a)
{
    for (int i = 1; i < a->argc; i++) {
        if (strcmp(a->argv[i], "compose") == 0 || (strcmp(a->argv[i], "reply") == 0 && is_bare(a)))
            return true;
    }
    return false;
}

static enum status run_arguments(struct session *s, struct arguments *a, struct outcome *outcome)
{
    char taken[OPTIONS_TAKEN_SIZE];
    int first = 0;
    struct options start = s->options;
    /* Until another word is found: a text must not be run, whatever stands in front of `compose`. */
    outcome->owes_text = has_text_word(a);
    /* getopt takes argv[0] for the program's name: the words begin at 1. */
    enum status status = options_parse(&s->options, a->argc, a->argv, &first, taken);
    if (status != STATUS_OK)
        return say_wrong_options(a->argv[1]);
    if (has_foreign_option(&s->options, &start))
        return STATUS_USAGE;
    if (s->options.wants_version) {
        words_print_version();
        return STATUS_OK;
    }
    if (first >= a->argc)
        return run_options_alone(&s->options);
    const struct word *word = find_word(a->argv[first]);
    outcome->owes_text = false;
    if (word == NULL)
        return words_say_unknown(a->argv[first]);
    if (s->options.wants_help) {
        words_print_prompt_help(word);
        return STATUS_OK;
    }
    outcome->owes_text =
        word->main == compose_main || word->main == compose_edit_main ||
        (word->main == reply_main && s->options.message == NULL && s->options.file == NULL);
    status = words_check(word, a->argc - first, a->argv + first, taken);
    if (status != STATUS_OK)
        return status;
    outcome->owes_text = false;
    outcome->is_over = word->main == leave;
    return run_named(s, word, a->argc - first, a->argv + first);
}

/* Whether a line that can't be understood was meant to begin a message. */
static bool is_compose(struct span text)
{
    static const char name[] = "compose";
    size_t len = sizeof(name) - 1;
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = span_of(text.data + 1, text.len - 1);
    return text.len >= len && memcmp(text.data, name, len) == 0 &&
           (text.len == len || text.data[len] == ' ' || text.data[len] == '\t');
}

static enum status split_line(struct arguments *arguments, struct span text)
{
    static const char program[] = "secmsg ";
    struct buf line = BUF_INIT(LINE_MAX_BYTES + sizeof(program));
    if (memchr(text.data, '\n', text.len) != NULL) {
        say("those are several lines at once, and nothing of them was run.");
        return STATUS_USAGE;
    }
    enum err err = buf_append_str(&line, program);
    if (err == ERR_OK)
        err = buf_append_span(&line, text);
    if (err == ERR_OK)
        err = arguments_split(arguments, buf_span(&line), getenv("HOME"));
    buf_free(&line);
    if (err == ERR_OK)
        return STATUS_OK;
    say(err == ERR_INCOMPLETE ? "a quote isn't closed: put a second one, or a \\ before it."
                              : "that line is too long.");
    return STATUS_USAGE;
}

static enum status run_line(struct session *s, struct span text, bool *is_over)
{
    struct arguments arguments;
    struct options start = s->options;
    struct outcome outcome = {.owes_text = is_compose(text)};
    if (text.len == 0)
        return STATUS_OK;
    transport_forget_break();
    enum status status = split_line(&arguments, text);
    if (status == STATUS_OK) {
        if (arguments.argc > 1)
            status = run_arguments(s, &arguments, &outcome);
        arguments_free(&arguments);
    }
    s->options = start;
    if (status != STATUS_OK && outcome.owes_text)
        compose_skip_text();
    *is_over = outcome.is_over;
    (void)fflush(stdout);
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

static void look(void *context)
{
    struct prompt *prompt = context;
    arrivals_look(&prompt->arrivals);
}

static void complete(void *context, const char *word, struct buf *names)
{
    const struct prompt *prompt = context;
    const struct word *list[MOST_WORDS];
    list_words(list);
    if (word != NULL && find_word(word) != NULL)
        complete_arguments(prompt->session, find_word(word), names);
    for (size_t i = 0; list[i] != NULL; i++) {
        bool is_wanted = word == NULL || strcmp(word, "help") == 0;
        if (is_wanted && buf_printf(names, "%s\n", list[i]->name) != ERR_OK)
            return;
    }
}

enum status prompt_run(struct session *s)
{
    struct prompt prompt = {.session = s, .arrivals = {.session = s}};
    struct input_helper helper = {.complete = complete, .look = look, .context = &prompt};
    char user[FIELD_USER_SIZE];
    s->is_prompt = true;
    /* Before the dialogue everything is said as without it, to whoever isn't in it. */
    say_prefix(!input_is_terminal());
    enum status status = password_read_given(s);
    if (status == STATUS_OK)
        status = session_connect(s);
    if (status != STATUS_OK)
        return status;
    say_prefix(false);
    /* The server waits only a few seconds for a login: each word connects when it must. */
    connection_close(&s->connection);
    if (input_is_terminal()) {
        struct visible_value server = session_server(s);
        bool is_known =
            s->options.user != NULL || home_find_user(&s->home, s->host_key, user) == ERR_OK;
        say("The server %s is there. Type %s; `help` shows all there is.", server.text,
            is_known ? "`login`" : "`register` to make an account, or `login` if you have one");
    }
    input_open(&helper);
    status = run_lines(s);
    input_close();
    if (input_is_terminal())
        say("Bye.");
    return status;
}
