/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.c: the dialogue of writing a message. The recipient is checked before the first line is typed. */
#include "compose.h"

#include "authenticate.h"
#include "deliver.h"
#include "identify.h"
#include "input.h"
#include "say.h"

#include "base/banned.h"

#define TEXT_LINE_MAX ((size_t)1 << 20)
#define NAME_LINE_MAX 256

enum status compose_ask_name(const char *question, struct buf *line, const char **name)
{
    *line = BUF_INIT(NAME_LINE_MAX);
    enum err err = input_read_line(question, INPUT_TEXT, line);
    if (err == ERR_OK && line->len > 0)
        err = buf_append_byte(line, 0);
    if (err == ERR_OK && line->len > 0) {
        *name = (const char *)line->data;
        return STATUS_OK;
    }
    say("no name was given; nothing was done.");
    return STATUS_USAGE;
}

static enum err append_line(struct buf *text, const struct buf *line)
{
    enum err err = buf_append_span(text, buf_span(line));
    return err == ERR_OK ? buf_append_byte(text, '\n') : err;
}

/* Reads lines up to a lone dot or the end. After a fault it reads on: what is left of the message must not
 * be taken for commands. ERR_DENIED: given up with Ctrl-C. */
static enum err read_text(struct buf *text)
{
    struct buf line = BUF_INIT(TEXT_LINE_MAX);
    enum err fault = ERR_OK;
    enum err err;
    for (;;) {
        err = input_read_line("", INPUT_TEXT, &line);
        if (err == ERR_CLOSED || (err == ERR_OK && span_is(buf_span(&line), "."))) {
            err = ERR_OK;
            break;
        }
        if (err == ERR_OK && fault == ERR_OK)
            fault = append_line(text, &line);
        else if (err == ERR_TOO_LARGE || err == ERR_MALFORMED)
            fault = err;
        else if (err != ERR_OK)
            break;
    }
    buf_free(&line);
    return err == ERR_OK ? fault : err;
}

static enum status write_letter(struct session *s, struct letter *letter)
{
    struct buf text = BUF_INIT(deliver_most(s));
    if (input_is_terminal())
        say("Write the message; a lone . or Ctrl-D ends it, Ctrl-C drops it.");
    enum err err = read_text(&text);
    enum status status;
    if (err == ERR_OK && !visible_is_text(buf_span(&text)))
        err = ERR_MALFORMED;
    if (err == ERR_DENIED) {
        say("the message was dropped; nothing was sent.");
        status = STATUS_USAGE;
    } else if (err == ERR_TOO_LARGE) {
        say("the message is longer than this server takes (%zu bytes); nothing was sent.",
            text.max);
        status = STATUS_DATA;
    } else if (err == ERR_MALFORMED) {
        say("the message isn't UTF-8; nothing was sent. Send it as a file: send %s -f FILE",
            letter->to);
        status = STATUS_DATA;
    } else if (err != ERR_OK) {
        status = say_failure(err, "can't read the message");
    } else {
        letter->data = buf_span(&text);
        status = deliver_letter(s, letter);
    }
    buf_free(&text);
    return status;
}

enum status compose_message(struct session *s, const char *recipient)
{
    struct letter letter = {.type = "text/plain"};
    struct identity identity;
    struct buf line = BUF_INIT(0);
    enum status status = recipient != NULL ? session_take_name(letter.to, recipient) : STATUS_OK;
    if (status == STATUS_OK)
        status = authenticate_session(s);
    if (status == STATUS_OK && recipient == NULL) {
        status = compose_ask_name("To: ", &line, &recipient);
        if (status == STATUS_OK)
            status = session_take_name(letter.to, recipient);
    }
    if (status == STATUS_OK)
        status = identify_user(s, letter.to, &identity);
    buf_free(&line);
    return status == STATUS_OK ? write_letter(s, &letter) : status;
}
