/* SPDX-License-Identifier: GPL-3.0-or-later */
/* say.c: messages to people. Nothing from outside is printed unescaped. */
#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page.h"
#include "visible.h"

#include "base/banned.h"

/* Of all that is said at once: paths and values are bounded. */
#define SAID_MAX ((size_t)64 << 10)

static bool has_prefix = true;
static bool is_held;
static struct buf held = {.max = SAID_MAX};

void say_prefix(bool is_wanted)
{
    has_prefix = is_wanted;
}

const char *say_command(void)
{
    return has_prefix ? "secmsg " : "";
}

void say_hold(void)
{
    is_held = true;
}

void say_release(bool is_wanted)
{
    is_held = false;
    if (is_wanted && held.len > 0)
        (void)fwrite(held.data, 1, held.len, stderr);
    buf_free(&held);
    held = BUF_INIT(SAID_MAX);
}

void say(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    struct buf line = BUF_INIT(SAID_MAX), rows = BUF_INIT(4 * SAID_MAX);
    (void)fflush(stdout);
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    enum err err = len < 0 ? ERR_NO_MEMORY : buf_append_str(&line, has_prefix ? "secmsg: " : "");
    if (err == ERR_OK)
        err = buf_append(&line, text, (size_t)len);
    if (err == ERR_OK)
        err = page_append(&rows, page_width(STDERR_FILENO), 0, buf_span(&line));
    if (err == ERR_OK && is_held)
        err = buf_append_span(&held, buf_span(&rows));
    else if (err == ERR_OK)
        (void)fwrite(rows.data, 1, rows.len, stderr);
    if (err != ERR_OK)
        (void)fprintf(stderr, "secmsg: can't even say what is wrong: %s.\n", err_text(err));
    if (len >= 0)
        free(text);
    buf_free(&line);
    buf_free(&rows);
}

enum status say_failure(enum err err, const char *what)
{
    int number = errno;
    if (err == ERR_IO && number != 0)
        say("%s: %s.", what, strerror(number));
    else if (err == ERR_BUSY)
        say("%s: another secmsg is using the same directory. Try again when it has finished.",
            what);
    else
        say("%s: %s.", what, err_text(err));
    return status_of_err(err);
}

static const struct {
    enum code code;
    const char *next;
} advice[] = {
    {CODE_VERSION, "This client and that server speak different versions: update the older one."},
    {CODE_BAD_HELLO, "Something between this client and the server changed what was sent, or one "
                     "of them is faulty. Try again."},
    {CODE_BUSY, "The server is busy. Try again in a moment."},
    {CODE_TIMEOUT, "The server waited too long for this client. Run the command again."},
    {CODE_TAMPERED, "What the server got isn't what this client sent: something between them "
                    "changed it. Try again, over another network if this is repeated."},
    {CODE_RATE_LIMITED, "Too many attempts. Wait, then try again."},
    {CODE_INTERNAL,
     "The server has a fault of its own: tell whoever runs it, and try again later."},
    {CODE_TOO_LARGE, "The message is larger than this server takes: send less, or in parts."},
    {CODE_BAD_NAME, "A name is 1-32 of a-z 0-9 . _ -, beginning with a letter or a digit: choose "
                    "another."},
    {CODE_NAME_TAKEN, "That name is taken: choose another, or log in if it is yours."},
    {CODE_REGISTRATION_CLOSED, "This server takes no new accounts by itself: ask whoever runs it."},
    {CODE_BAD_INVITE,
     "This server wants an invitation that is good: ask whoever runs it for one and "
     "give it with --invite-file FILE or --invite TOKEN."},
    {CODE_AUTH_FAILED, "Wrong name or password, or the account is gone or disabled. Check both "
                       "and try again."},
    {CODE_NO_USER, "There is no user of that name here: check the spelling."},
    {CODE_NO_IDENTITY, "That account was made without keys (in plain mode), so nothing can be "
                       "sealed for it."},
    {CODE_MAILBOX_FULL, "Nothing was delivered: the recipient's mailbox has no room for more from "
                        "you. Try again when they have read something."},
    {CODE_STORAGE_FULL,
     "The server has no room left, or can't write to its disk. Try again later, or tell "
     "whoever runs it."},
};

static const char *find_advice(enum code code)
{
    for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
        if (advice[i].code == code)
            return advice[i].next;
    }
    return NULL;
}

enum status say_refusal(const struct answer *answer)
{
    const char *next = find_advice(answer->code);
    struct visible_value code = visible_value(answer->code_text);
    struct visible_value text = visible_value(answer->text);
    if (next != NULL)
        say("%s (%s)", next, code.text);
    else
        say("the server refused (%s: %s). This client and the server don't understand each other: "
            "update the older one.",
            code.text, text.text);
    if (answer->has_limit && answer->has_used)
        say("The limit is %" PRIu64 ", and %" PRIu64 " of it is used.", answer->limit,
            answer->used);
    else if (answer->has_limit)
        say("The limit is %" PRIu64 ".", answer->limit);
    if (answer->has_retry_after)
        say("Try again in %" PRIu64 " seconds.", answer->retry_after);
    return status_of_code(answer->code);
}

enum status say_nonsense(const char *verb)
{
    say("the server's answer to %s isn't one that the protocol allows. Nothing of it was used; "
        "one of the two programs is faulty or of another version.",
        verb);
    return STATUS_PROTOCOL;
}
