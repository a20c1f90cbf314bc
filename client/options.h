/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.h: the command line: one table of all options, and which word takes which. */
#ifndef SECMSG_CLIENT_OPTIONS_H
#define SECMSG_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/field.h"
#include "status.h"

/* What was asked for. The strings are argv's, or those of settings.h: nothing here is owned. */
struct options {
    const char *server;
    const char *exec;
    const char *user;
    const char *password_file;
    int password_fd; /* -1 for none */
    const char *home;
    uint64_t timeout_ms; /* for each step of a connection; 0 if not given */
    bool is_json;        /* results as objects, one a line */
    const char *trust;   /* first-use or strict; NULL if not given */
    bool wants_help;
    bool wants_version;
    /* of single words; letters as in the table */
    const char *invite;            /* i: register */
    const char *invite_file;       /* I: register */
    const char *message;           /* m: send, reply */
    const char *file;              /* f: send, reply */
    const char *reply;             /* R: send */
    const char *drop;              /* d: outbox */
    const char *output;            /* o: read, prove, seal */
    uint64_t count;                /* n: read, history; 0 if not given */
    bool is_all;                   /* a: read */
    bool is_raw;                   /* r: read, show, verify, open */
    const char *host;              /* H: trust */
    bool is_qr;                    /* Q: fingerprint */
    uint64_t remember;             /* T: login; seconds, 0 if not given */
    const char *yes;               /* y: delete-account */
    const char *new_password_file; /* P: passwd */
    int new_password_fd;           /* N: passwd; -1 for none */
    bool is_edit;                  /* e: compose */
    const char *program;           /* --exec behind the word watch */
};

/* As if nothing had been given. */
void options_defaults(struct options *options);

/* Whether it is a value of --trust. */
bool options_is_trust(const char *value);

/* Takes a value of --timeout: whole seconds, 1 to 86400. False for anything else. */
bool options_take_timeout(struct options *options, const char *value);

/* Takes a user's name: upper case is folded. False for what can't be one. */
bool options_take_name(char user[static FIELD_USER_SIZE], const char *name);

/* Whether nothing is pinned that wasn't named. */
bool options_is_strict(const struct options *options);

/* Parses argv, in which options and words may be mixed, and moves the words behind argv[*first]. The
 * options that only some words take are noted in taken[]: a string of their letters. Says what is
 * wrong, and returns STATUS_USAGE then, or STATUS_NO_INPUT for a descriptor that nothing is open at. */
#define OPTIONS_TAKEN_SIZE 32
enum status options_parse(struct options *options, int argc, char *argv[], int *first,
                          char taken[static OPTIONS_TAKEN_SIZE]);

/* STATUS_USAGE, and says so, if an option was given that `word` (which takes `letters`) doesn't know. */
enum status options_check(const char *word, const char *letters, const char *taken);

#endif
