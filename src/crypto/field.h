/* SPDX-License-Identifier: GPL-3.0-or-later */
/* field.h: the forms of fields that objects and commands share, and the lines that objects are made of. */
#ifndef SECMSG_CRYPTO_FIELD_H
#define SECMSG_CRYPTO_FIELD_H

#include "base/buf.h"

#define FIELD_USER_MAX  32
#define FIELD_USER_SIZE (FIELD_USER_MAX + 1)
#define FIELD_ID_LEN    32
#define FIELD_ID_SIZE   (FIELD_ID_LEN + 1)
#define FIELD_TYPE_MAX  127
#define FIELD_NAME_MAX  255

/* 1-32 of a-z 0-9 . _ -, beginning with a letter or a digit (protocol 2). */
bool field_is_user(struct span s);

/* 32 lower-case hex digits. */
bool field_is_id(struct span s);

/* A fresh random id with its terminating zero. */
void field_make_id(char id[static FIELD_ID_SIZE]);

/* Decimal without sign or leading zero, below 2^53. ERR_MALFORMED. */
enum err field_number(struct span s, uint64_t *number) MUST_USE;

/* 3-127 bytes, token/token, tokens of a-z 0-9 . + - (protocol 3.4). */
bool field_is_type(struct span s);

/* 1-255 bytes of UTF-8 (RFC 3629), no control characters (C0, DEL, C1), no / or \, no leading dot. */
bool field_is_file_name(struct span s);

/* Valid UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool field_is_utf8(struct span s);

/* The first character of s, which isn't empty, and how many bytes it has; 0 if it isn't valid UTF-8. */
size_t field_take_character(struct span s, uint32_t *character) MUST_USE;

/* Takes "<text>LF" off the front of *rest; ERR_MALFORMED, and *rest as it was, if it isn't there. */
enum err field_take_literal(struct span *rest, const char *text) MUST_USE;

/* Takes "<name>: <value>LF" off the front of *rest. The value has no control bytes (below 0x20, 0x7f)
 * and may be empty. ERR_MALFORMED, and *rest as it was, if the next line isn't that. */
enum err field_take_line(struct span *rest, const char *name, struct span *value) MUST_USE;

/* The same for "<name>: <b64 of exactly n bytes>LF". */
enum err field_take_b64(struct span *rest, const char *name, uint8_t *out, size_t n) MUST_USE;

/* Appends "<name>: <value>LF", as it is, or as b64. */
enum err field_add_line(struct buf *text, const char *name, struct span value) MUST_USE;
enum err field_add_b64(struct buf *text, const char *name, struct span value) MUST_USE;

#endif
