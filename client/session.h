/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: what all words share: which server, which user, the open connection, the keys.
 *
 * Functions that return a status have told the user what is wrong. */
#ifndef SECMSG_CLIENT_SESSION_H
#define SECMSG_CLIENT_SESSION_H

#include "connection.h"
#include "home.h"
#include "keyring.h"
#include "options.h"
#include "visible.h"

struct session {
    struct options options;
    struct address address; /* of --server; unused with --exec */
    struct buf server;      /* the server's name as pins have it */
    struct home home;
    struct home_account account; /* of `user` at `host_key`; dir -1 if none is open */
    char user[FIELD_USER_SIZE];  /* "" as long as nobody was named */
    uint8_t host_key[HOST_KEY_LEN];
    bool has_host_key;
    char accepted_host
        [FINGERPRINT_SIZE]; /* of `trust`: the only host key that is wanted now; "" for none */
    char accepted_user[FIELD_USER_SIZE];      /* of `trust`: whose identity may be a new one, */
    char accepted_identity[FINGERPRINT_SIZE]; /* and which */
    bool is_host_pinned;                      /* `hosts` had host_key when this run looked */
    struct connection connection;
    bool is_logged_in; /* on this connection */
    bool has_left;     /* it gave messages that stay on the server: it won't give them again */
    struct keyring ring;
    struct buf descriptor_password; /* of --password-fd, once read */
    struct buf file_password;       /* of --password-file, once read */
    struct buf file_path;           /* which file that was */
    size_t max_message;             /* of an envelope, by INFO */
    uint64_t unread;                /* as the server last said */
    bool is_closed;                 /* registration, by INFO */
    bool wants_invite;
    bool wants_password; /* what is remembered doesn't do: see confirm.h */
    bool is_prompt;      /* the words come from the prompt, not from the command line */
    bool is_typing;      /* somebody types a line at it: nothing can be asked */
};

/* A session without server and directory, for words that need neither. */
void session_init(struct session *s, const struct options *options);

/* Settles server and user, and opens the client's directory if there is one; connects to nobody. */
enum status session_open(struct session *s, const struct options *options) MUST_USE;

/* Leaves politely, and wipes everything. */
void session_close(struct session *s);

/* Forgets user and keys and closes the connection; server and password source stay. */
void session_forget_user(struct session *s);

/* User and keys that step aside for somebody else's login, and come back if that fails. The connection is
 * closed: they need no new password for the next. */
struct session_user {
    struct home_account account;
    char user[FIELD_USER_SIZE];
    struct keyring ring;
    uint64_t unread;
};

void session_set_aside(struct session *s, struct session_user *former);

/* With STATUS_OK forgets the former user, else brings them back. */
void session_settle(struct session *s, struct session_user *former, enum status status);

/* The server as people know it. */
struct visible_value session_server(const struct session *s);

/* Sees that there is a connection that lives; its host key was pinned, or is after the handshake. */
enum status session_connect(struct session *s) MUST_USE;

/* Sees that the server's host key is known (connects once if it never was), settles who is meant: a name
 * (NULL for none), --user, or the only one who is logged in here; opens the account's directory. */
enum status session_choose_user(struct session *s, const char *name) MUST_USE;

/* Says why the server refused. Once logged in, auth-failed tells that the account was changed elsewhere, or is gone: the
 * session is over then. */
enum status session_say_refusal(struct session *s, const struct answer *answer);

/* Asks; an ERR is told to the user and becomes its status. */
enum status session_ask(struct session *s, const struct question *question,
                        struct answer *answer) MUST_USE;

/* Asks INFO: limits, and who may register. */
enum status session_learn_limits(struct session *s) MUST_USE;

/* Folds upper case, and checks the form of a name that somebody typed. */
enum status session_take_name(char user[static FIELD_USER_SIZE], const char *name) MUST_USE;

#endif
