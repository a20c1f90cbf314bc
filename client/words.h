/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.h: the words of the command line and the prompt: one file each, one table. */
#ifndef SECMSG_CLIENT_WORDS_H
#define SECMSG_CLIENT_WORDS_H

#include <limits.h>

#include "session.h"

/* argv[0] is the word; options are parsed already (s->options) and aren't in argv. */
typedef enum status word_main(struct session *s, int argc, char *argv[]);

#define WORDS_MANY INT_MAX

struct word {
    const char *name;
    word_main *main;
    int most;            /* arguments after the word, at most; WORDS_MANY for any number */
    const char *letters; /* the options of its own (options.h) */
    const char *usage;   /* what follows the name */
    const char *summary; /* one line */
    const char *help;    /* the rest, ends with LF */
};

word_main register_main, watch_main, login_main, logout_main, send_main, reply_main, read_main,
    inbox_main, history_main, word_show_main, word_save_main, word_outbox_main, flush_main,
    word_quarantine_main, passwd_main, keys_main, forget_main, delete_account_main, whoami_main,
    contacts_main, fingerprint_main, trust_main, prove_main, verify_main, seal_main, open_main,
    ping_main, help_main;

/* The table ends with a row without name. */
extern const struct word words_table[];

const struct word *words_find(const char *name);

/* What `--version` prints, on stdout. */
void words_print_version(void);

/* Help on stdout: one word's, or (NULL) all. */
void words_print_help(const struct word *word);

/* The same for a word at the prompt, with those options that can be given there. */
void words_print_prompt_help(const struct word *word);

/* Says that there is no such word, and how to get help. */
enum status words_say_unknown(const char *name);

/* Checks that a word takes those options and that many arguments, and says so if it doesn't. */
enum status words_check(const struct word *word, int argc, char *argv[],
                        const char *taken) MUST_USE;

/* The same, and runs the word. */
enum status words_run(const struct word *word, struct session *s, int argc, char *argv[],
                      const char *taken) MUST_USE;

#endif
