/* session.h: one connection's state, and its whole way: hello, authenticate, serve, close. */
#ifndef SECMSG_HANDLER_SESSION_H
#define SECMSG_HANDLER_SESSION_H

#include "crypto/rsa.h"
#include "guard/guard.h"
#include "handler/channel.h"
#include "handler/reply.h"
#include "handler/settings.h"

enum session_state { SESSION_NEW, SESSION_IN };

/* What a session comes to, for the log (report.h). */
struct session_sum {
    uint64_t began_us;
    uint64_t commands; /* answered, whatever the answer */
    uint64_t refused;  /* of them with an error */
};

/* What commands work on. Lives on main's stack. session_run wipes what is secret in it, keys and whatever was read or
 * waited to be sent; who it was, times and counts stay. */
struct session {
    const struct settings *settings;
    struct store *store;
    struct guard *guard;
    int stop_fd; /* as in stream.h */
    struct channel channel;
    enum session_state state;
    struct store_login login;   /* SESSION_IN */
    struct store_cursor cursor; /* how far READ has come */
    bool has_own_key;           /* own_key is filled: by PROVE, or by the first COMPOSE */
    uint8_t own_key[RSA_LEN]; /* the modulus that verifies this user's envelopes, once logged in */
    struct buf shown;         /* plain mode: ids that READ gave and nothing acknowledged yet */
    unsigned frames;          /* commands so far */
    uint64_t bytes_in;        /* that were counted */
    uint64_t bytes_out;
    unsigned refusals; /* refused LOGIN, PROVE, REGISTER, PASSWD, DELETE */
    uint64_t login_deadline_ms;
    uint64_t checked_ms; /* when the login was last looked at */
    struct session_sum sum;
    bool is_over;
    const char *why; /* for the log: what ended it */
};

/* Who has logged in, for the log; "-" before. */
const char *session_user(const struct session *session);

/* Serves one connection on stdin and stdout until it ends. Whatever the peer does, that is no error. */
void session_run(struct session *session);

/* Says `code` in the clear, without a session: for a program that can't begin one. NULL: the code's own text. */
void session_refuse(const struct settings *settings, enum code code, const char *text);

/* The session's user has logged in: for the commands that do that. Sets *unread. */
enum err session_enter(struct session *session, const char *user, uint64_t version,
                       uint64_t *unread) MUST_USE;

/* Sends every answer that waits, once what it rests on is durable. ERR_OK, or the session is over. */
enum err session_deliver(struct session *session) MUST_USE;

/* Whether the login still holds: asks the store now. ERR_DENIED, or a store's error. For what is done in
 * the user's name and not in the mailbox, where the store looks itself. */
enum err session_check_login(struct session *session) MUST_USE;

#endif
