/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.c: lines from a person, by readline, or from a pipe, byte by byte so that nothing is read ahead.
 *
 * Signals are let in only while it waits for a key, so none is lost between a look and a wait. */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "transport.h"

#include "base/banned.h"

#define CTRL_D        4
#define LOOK_EVERY_MS 2000
#define NAMES_MAX     ((size_t)1 << 20)

static const int ending[] = {SIGTERM, SIGHUP};

static volatile sig_atomic_t is_interrupted;
static volatile sig_atomic_t last_ending;
static volatile sig_atomic_t is_reading;
static volatile sig_atomic_t is_holding;
static volatile sig_atomic_t is_continued;

static struct input_helper helper;
static struct buf candidates;
static bool has_room; /* the typed line isn't shown */
static enum input_kind reading;
static bool has_ended; /* by Ctrl-D behind text: the next line is the end */
static bool has_line;
static char *typed_line;

static void handle_interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
    if (!is_reading && !is_holding)
        transport_break();
}

/* While a line is read the terminal is readline's: it must be put right before the program ends. What follows the
 * first such signal waits for that, too. */
static void handle_ending(int number)
{
    bool is_known = last_ending != 0;
    last_ending = number;
    if (!is_reading && !is_holding && !is_known) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
}

static void note_continued(int number)
{
    (void)number;
    is_continued = 1;
}

static char *next_word(const char *text, int state)
{
    static size_t at;
    size_t len = strlen(text);
    if (state == 0)
        at = 0;
    while (at < candidates.len) {
        const char *name = (const char *)candidates.data + at;
        const char *end = memchr(name, '\n', candidates.len - at);
        size_t name_len = end != NULL ? (size_t)(end - name) : candidates.len - at;
        at += name_len + 1;
        if (name_len >= len && memcmp(name, text, len) == 0)
            return strndup(name, name_len);
    }
    return NULL;
}

static char **complete(const char *text, int start, int end)
{
    char *word = NULL;
    (void)end;
    rl_attempted_completion_over = 1;
    if (reading != INPUT_COMMAND)
        return NULL;
    size_t blank = strspn(rl_line_buffer, " \t");
    if ((size_t)start > blank)
        word = strndup(rl_line_buffer + blank, strcspn(rl_line_buffer + blank, " \t"));
    candidates = BUF_INIT(NAMES_MAX);
    helper.complete(helper.context, word, &candidates);
    char **matches = rl_completion_matches(text, next_word);
    buf_free(&candidates);
    free(word);
    return matches;
}

/* readline remembers for ever that an end was read, and would add an empty line to each line after it. */
static void leave_terminal(void)
{
    rl_eof_found = 0;
    rl_deprep_terminal();
}

static int end_or_delete(int count, int key)
{
    if (reading != INPUT_MESSAGE)
        return rl_delete(count, key);
    has_ended = true;
    return rl_newline(1, '\n');
}

/* There is nothing to complete in a message, and its tabs are the writer's. */
static int complete_or_insert(int count, int key)
{
    return reading == INPUT_MESSAGE ? rl_insert(count, key) : rl_complete(count, key);
}

bool input_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

void input_make_room(void)
{
    if (!is_reading || has_room)
        return;
    rl_clear_visible_line();
    (void)fflush(stdout);
    has_room = true;
}

static void look(void)
{
    helper.look(helper.context);
    (void)fflush(stdout);
    if (!has_room)
        return;
    has_room = false;
    rl_on_new_line();
    rl_redisplay();
}

static void stop(void)
{
    (void)signal(last_ending, SIG_DFL);
    (void)raise(last_ending);
}

void input_hold(void)
{
    is_holding = 1;
}

void input_let_go(void)
{
    is_interrupted = 0;
    is_holding = 0;
    if (last_ending)
        stop();
}

bool input_is_told_to_end(void)
{
    return last_ending != 0;
}

void input_open(const struct input_helper *given)
{
    struct sigaction action = {.sa_handler = handle_interrupt};
    if (!input_is_terminal())
        return;
    helper = *given;
    rl_readline_name = "secmsg";
    rl_attempted_completion_function = complete;
    rl_completer_word_break_characters = " \t\"'";
    rl_catch_signals = 0;
    rl_outstream = stdout;
    rl_deprep_term_function = leave_terminal;
    (void)rl_initialize();
    (void)rl_bind_key(CTRL_D, end_or_delete);
    (void)rl_bind_key('\t', complete_or_insert);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = note_continued;
    (void)sigaction(SIGCONT, &action, NULL);
    action.sa_handler = handle_ending;
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sigaction(ending[i], &action, NULL);
}

void input_forget_ahead(void)
{
    if (input_is_terminal())
        (void)tcflush(STDIN_FILENO, TCIFLUSH);
}

void input_close(void)
{
    if (!input_is_terminal())
        return;
    clear_history();
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGCONT, SIG_DFL);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)signal(ending[i], SIG_DFL);
}

static void take_line(char *line)
{
    rl_callback_handler_remove();
    has_line = true;
    typed_line = line;
}

/* The shell set the terminal its own way while the program was stopped. */
static void resume(void)
{
    is_continued = 0;
    rl_deprep_terminal();
    rl_prep_terminal(1);
    rl_forced_update_display();
}

/* Of a message that a hang-up cuts short. */
static void keep_unfinished(void)
{
    if (last_ending && reading == INPUT_MESSAGE && rl_end > 0)
        typed_line = strndup(rl_line_buffer, (size_t)rl_end);
}

/* Waits for keys with `mask` in force. Returns with has_line, or after a signal. */
static void wait_for_line(const sigset_t *mask)
{
    while (!has_line && !is_interrupted && !last_ending) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        const struct timespec pause = {.tv_sec = LOOK_EVERY_MS / 1000};
        int ready = ppoll(&in, 1, reading == INPUT_COMMAND ? &pause : NULL, mask);
        /* The end that readline would see is nobody's Ctrl-D. */
        if (ready > 0 && (in.revents & (POLLHUP | POLLERR)) != 0)
            last_ending = SIGHUP;
        else if (ready > 0)
            rl_callback_read_char();
        else if (ready == 0)
            look();
        else if (errno != EINTR)
            break;
        if (is_continued)
            resume();
    }
    if (!has_line) {
        keep_unfinished();
        rl_free_line_state();
        rl_callback_sigcleanup();
        rl_callback_handler_remove();
        (void)fputs("\n", stdout);
        (void)fflush(stdout);
    }
}

static enum err keep_line(char *text, enum input_kind kind, struct buf *line)
{
    size_t len = strlen(text);
    enum err err = buf_append(line, text, len);
    /* An invitation is a secret until it is used. */
    if (err == ERR_OK && kind == INPUT_COMMAND && len > 0 && strstr(text, "--invite") == NULL)
        add_history(text);
    bytes_wipe(text, len);
    free(text);
    return err;
}

static enum err read_typed(const char *prompt, enum input_kind kind, struct buf *line)
{
    sigset_t blocked, before;
    bool is_end = has_ended && kind == INPUT_MESSAGE;
    has_ended = false;
    if (is_end)
        return ERR_CLOSED;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGCONT);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sigaddset(&blocked, ending[i]);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    /* A Ctrl-C that came before a command's line has had its effect; before a line of text it is meant
     * for the text. */
    if (kind == INPUT_COMMAND)
        is_interrupted = 0;
    is_continued = 0;
    is_reading = 1;
    has_line = false;
    typed_line = NULL;
    reading = kind;
    rl_callback_handler_install(prompt, take_line);
    wait_for_line(&before);
    is_reading = 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (last_ending && kind == INPUT_MESSAGE) {
        enum err err = typed_line != NULL ? keep_line(typed_line, kind, line) : ERR_OK;
        return err == ERR_OK ? ERR_STOPPED : err;
    }
    if (last_ending)
        stop();
    if (!has_line && is_interrupted) {
        is_interrupted = 0;
        return ERR_DENIED;
    }
    if (!has_line)
        return ERR_CLOSED;
    if (typed_line == NULL) {
        (void)fputs("\n", stdout);
        return ERR_CLOSED;
    }
    return keep_line(typed_line, kind, line);
}

/* Reads to LF or the end, also when the line is too long: the rest of it is no line of its own. */
static enum err read_piped(struct buf *line)
{
    enum err err = ERR_OK;
    bool is_empty = true;
    for (;;) {
        uint8_t byte;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0 && is_empty)
            return ERR_CLOSED;
        if (got == 0 || byte == '\n')
            return err;
        is_empty = false;
        if (err == ERR_OK)
            err = byte == '\0' ? ERR_MALFORMED : buf_append_byte(line, byte);
    }
}

enum err input_read_line(const char *prompt, enum input_kind kind, struct buf *line)
{
    buf_clear(line);
    enum err err = input_is_terminal() ? read_typed(prompt, kind, line) : read_piped(line);
    if (err != ERR_OK && err != ERR_STOPPED)
        buf_clear(line);
    return err;
}
