/* credential.h: what is done with passwords' secrets: alike in text, work and time, whoever asks. */
#ifndef SECMSG_HANDLER_CREDENTIAL_H
#define SECMSG_HANDLER_CREDENTIAL_H

#include "handler/session.h"

/* Fills an account that no secret and no signature fits, with the salt that SALT answers for an unknown name
 * and a decoy's identity and vault. ERR_NO_MEMORY. */
enum err credential_load_decoy(const struct session *session, struct span name,
                               struct store_account *account) MUST_USE;

/* The account of a name, or for a name without one (*exists false) a decoy. A store's errors. Freed by
 * store_account_free. */
enum err credential_load(struct session *session, struct span name, struct store_account *account,
                         bool *exists) MUST_USE;

/* Whether the secret is the account's. A framed secret is stretched already; of plain mode's password the
 * handler does the stretching (protocol 1.3): 64 MiB and some 0.2 s. ERR_OK, ERR_DENIED, ERR_NO_MEMORY. */
enum err credential_check(const struct session *session, const struct store_account *account,
                          struct span user, struct span secret) MUST_USE;

/* What a failed check is answered with: `auth-failed`, unless it was the server that failed. */
enum code credential_code(enum err e);

/* Gives the account a check for a new secret, with fresh salts: check_salt always; salt in plain mode only, where
 * `secret` is the password. ERR_MALFORMED for a secret that isn't one (`weak-secret`). */
enum err credential_set(const struct session *session, struct store_account *account,
                        struct span user, struct span secret) MUST_USE;

#endif
