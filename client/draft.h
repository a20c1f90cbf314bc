/* SPDX-License-Identifier: GPL-3.0-or-later */
/* draft.h: what was typed of a message that isn't in the outbox, because its terminal hung up before its end, or it
 * can't be sent as it is, or the outbox can't take it: the file `draft-<recipient>` of the account's
 * directory, a Fernet token of the text under the vault's archive key. `compose` to the same recipient goes on
 * with it. */
#ifndef SECMSG_CLIENT_DRAFT_H
#define SECMSG_CLIENT_DRAFT_H

#include "session.h"

/* Bytes of a text. */
#define DRAFT_MAX CONNECTION_LINE_MAX

/* Returns when it is durable; it takes the place of an earlier one to the same recipient. */
enum err draft_keep(const struct session *s, const char *to, struct span text) MUST_USE;

/* Appends the text. ERR_NOT_FOUND, ERR_FORGED, ERR_TOO_LARGE, ERR_IO. */
enum err draft_load(const struct session *s, const char *to, struct buf *text) MUST_USE;

/* Fine if there is none. */
enum err draft_drop(const struct session *s, const char *to) MUST_USE;

/* One recipient of whom there is a draft; false if there is none. */
bool draft_find(const struct session *s, char to[static FIELD_USER_SIZE]);

#endif
