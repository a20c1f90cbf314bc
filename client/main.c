/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c: settles options, guards the process, and runs one word, or the prompt. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/standard.h"
#include "crypto/crypto.h"
#include "prompt.h"
#include "say.h"
#include "settings.h"
#include "visible.h"
#include "words.h"

#include "base/banned.h"

/* Two RSA keys and what working with them takes, many times over. */
#define SECURE_BYTES ((size_t)512 << 10)

/* No core file and no debugger gets at keys or passwords. */
static void guard(void)
{
    if (!standard_fill())
        _exit(STATUS_OS);
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* the leak check is a debugger */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    (void)signal(SIGPIPE, SIG_IGN);
    /* Left ignored by a parent, it would hide how programs end. */
    (void)signal(SIGCHLD, SIG_DFL);
    log_open("secmsg", LOG_LEVEL_ERROR);
}

/* A terminal that doesn't take UTF-8 gets ASCII alone. */
static void settle_locale(void)
{
    bool is_terminal = isatty(STDOUT_FILENO) == 1 || isatty(STDERR_FILENO) == 1;
    (void)setlocale(LC_CTYPE, "");
    visible_want_ascii(is_terminal && strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
}

/* Works without account, server and settings. */
static bool is_alone(const struct word *word)
{
    return word != NULL && word->main == verify_main;
}

static enum status run(const struct options *options, const struct word *word, int argc,
                       char *argv[], const char *taken)
{
    struct session session;
    enum err err = crypto_init(SECURE_BYTES);
    if (err != ERR_OK)
        return say_failure(err, "can't start the cryptography");
    if (!crypto_is_locked())
        say("warning: the memory for keys can't be locked, so it may be written to swap. Raise the "
            "limit (ulimit -l), or encrypt the swap.");
    enum status status = STATUS_OK;
    if (is_alone(word))
        session_init(&session, options);
    else
        status = session_open(&session, options);
    if (status == STATUS_OK)
        status = word != NULL ? words_run(word, &session, argc, argv, taken) : prompt_run(&session);
    session_close(&session);
    crypto_end();
    return status;
}

/* What was asked for must have arrived. */
static enum status end(enum status status)
{
    bool is_written = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (is_written || status != STATUS_OK)
        return status;
    say("can't write to standard output: %s.", strerror(errno));
    return STATUS_IO;
}

/* What is asked for by options alone needs no settings. */
static enum status run_settled(struct options *options, const struct word *word, int argc,
                               char *argv[], const char *taken)
{
    struct settings settings;
    enum status status = settings_fill(&settings, options);
    if (status == STATUS_OK && word == NULL)
        status = options_check("the prompt", "", taken);
    if (status == STATUS_OK)
        status = run(options, word, argc, argv, taken);
    settings_free(&settings);
    return status;
}

static enum status run_command_line(int argc, char *argv[])
{
    struct options options;
    char taken[OPTIONS_TAKEN_SIZE];
    int first = 0;
    options_defaults(&options);
    enum status status = options_parse(&options, argc, argv, &first, taken);
    if (status != STATUS_OK) {
        say("Type `secmsg help` for what there is.");
        return status;
    }
    const struct word *word = first < argc ? words_find(argv[first]) : NULL;
    if (first < argc && word == NULL)
        return words_say_unknown(argv[first]);
    if (options.wants_version) {
        words_print_version();
        return STATUS_OK;
    }
    if (options.wants_help) {
        words_print_help(word);
        return STATUS_OK;
    }
    if (word != NULL && word->main == help_main)
        return help_main(NULL, argc - first, argv + first);
    if (is_alone(word))
        return run(&options, word, argc - first, argv + first, taken);
    return run_settled(&options, word, argc - first, argv + first, taken);
}

int main(int argc, char *argv[])
{
    guard();
    settle_locale();
    return (int)end(run_command_line(argc, argv));
}
