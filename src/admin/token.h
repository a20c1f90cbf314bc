/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token.h: invitations as they are handed out: to a name that was freed, or to any. */
#ifndef SECMSG_ADMIN_TOKEN_H
#define SECMSG_ADMIN_TOKEN_H

#include <stdint.h>

#include "base/error.h"

#define TOKEN_SIZE     33
#define TOKEN_LIFETIME (UINT64_C(7) * 86400) /* without --expires */

/* 192 random bits in 32 characters of base64url. Wiped by who has it. */
struct token {
    char text[TOKEN_SIZE];
};

void token_make(struct token *token);
void token_wipe(struct token *token);

/* --expires: a number of minutes, hours, days or weeks ("30m", "12h", "7d", "4w"), at most 3,650 days; NULL: as long
 * as TOKEN_LIFETIME. In seconds. ERR_MALFORMED. */
enum err token_lifetime(const char *text, uint64_t *seconds) MUST_USE;

#endif
