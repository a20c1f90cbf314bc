/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.h: what --json prints: one object a line on stdout, its members in the order in which they were added.
 * Whatever isn't ASCII is written as \uXXXX, so a line never drives a terminal. */
#ifndef SECMSG_CLIENT_JSON_H
#define SECMSG_CLIENT_JSON_H

#include <stdint.h>

#include "base/buf.h"
#include "status.h"

/* The longest message, with six bytes for each of its own. */
#define JSON_LINE_MAX ((size_t)512 << 20)

struct json {
    void *object; /* of the library */
    bool has_failed;
};

/* Then any number of json_add_*, then json_print, which ends it in any case. */
void json_begin(struct json *json);

/* Text that is UTF-8 without zero bytes; bytes that aren't become U+FFFD. NULL or no bytes at all is a text too:
 * where there is nothing to say, the member is left out by the caller. */
void json_add_text(struct json *json, const char *name, struct span text);
void json_add_string(struct json *json, const char *name, const char *text);
void json_add_number(struct json *json, const char *name, uint64_t number);
void json_add_real(struct json *json, const char *name, double number);
void json_add_truth(struct json *json, const char *name, bool is_so);

/* What a message holds: "text" if it is that, else "base64" (RFC 4648, section 5, with padding). */
void json_add_data(struct json *json, struct span data);

/* Appends the line, with its LF, and ends the object. ERR_NO_MEMORY, ERR_TOO_LARGE. */
enum err json_append(struct json *json, struct buf *line) MUST_USE;

/* The same on stdout. Says why it can't. */
enum status json_print(struct json *json) MUST_USE;

#endif
