/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.c: the dialogue of writing a message. Where there is a server, the recipient is checked before the
 * first line is typed. */
#include "compose.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "authenticate.h"
#include "crypto/envelope.h"
#include "deliver.h"
#include "draft.h"
#include "editor.h"
#include "identify.h"
#include "input.h"
#include "page.h"
#include "post.h"
#include "say.h"

#include "base/banned.h"

#define TEXT_LINE_MAX DRAFT_MAX
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

/* What was read at once is several lines where they were pasted: takes the first of them off the front. */
static struct span take_first(struct span *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    struct span line = span_of(rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len);
    *rest = end != NULL ? span_of(end + 1, rest->len - line.len - 1) : span_of(NULL, 0);
    return line;
}

/* Appends each line up to a lone dot, and says by *is_last whether there was one. */
static enum err append_lines(struct buf *text, struct span read, bool *is_last)
{
    enum err err = ERR_OK;
    do {
        struct span line = take_first(&read);
        *is_last = span_is(line, ".");
        if (!*is_last && err == ERR_OK)
            err = buf_append_span(text, line);
        if (!*is_last && err == ERR_OK)
            err = buf_append_byte(text, '\n');
    } while (!*is_last && read.data != NULL);
    return err;
}

/* Reads lines up to a lone dot or the end. After a fault it reads on: what is left of the message must not
 * be taken for commands. ERR_DENIED: given up with Ctrl-C. */
static enum err read_text(struct buf *text)
{
    struct buf line = BUF_INIT(TEXT_LINE_MAX);
    enum err fault = ERR_OK;
    enum err err;
    for (;;) {
        err = input_read_line("", INPUT_MESSAGE, &line);
        bool is_last = err == ERR_CLOSED;
        if (err == ERR_OK || (err == ERR_STOPPED && line.len > 0)) {
            enum err added = append_lines(text, buf_span(&line), &is_last);
            fault = fault == ERR_OK ? added : fault;
        }
        if (is_last) {
            err = ERR_OK;
            break;
        }
        if (err == ERR_TOO_LARGE || err == ERR_MALFORMED)
            fault = err;
        else if (err != ERR_OK)
            break;
    }
    buf_free(&line);
    return err == ERR_OK ? fault : err;
}

void compose_skip_text(void)
{
    struct buf none = BUF_INIT(0);
    if (input_is_terminal())
        input_forget_ahead();
    else if (read_text(&none) != ERR_OK)
        buf_clear(&none);
    buf_free(&none);
}

/* `err` is what read_text ended with. */
static enum status say_unusable(const char *to, enum err err, size_t max)
{
    if (err == ERR_DENIED) {
        say("the message was dropped; nothing was sent.");
        return STATUS_USAGE;
    }
    if (err == ERR_TOO_LARGE) {
        say("the message is longer than this server takes (%zu bytes); nothing was sent.", max);
        return STATUS_DATA;
    }
    if (err == ERR_MALFORMED) {
        say("the message isn't UTF-8; nothing was sent. Send it as a file: send %s -f FILE", to);
        return STATUS_DATA;
    }
    return say_failure(err, "can't read the message; nothing was sent");
}

static void say_goes_on(const struct session *s, const char *to)
{
    say("what you wrote is kept: `%s %s` goes on with it.", s->options.is_edit ? "edit" : "compose",
        to);
}

/* The terminal is gone, or the program is told to end. */
static enum status keep_draft(struct session *s, const struct letter *letter)
{
    enum err err =
        letter->data.len > 0 ? draft_keep(s, letter->to[0], letter->data) : ERR_NOT_FOUND;
    if (err == ERR_OK)
        say_goes_on(s, letter->to[0]);
    else if (err != ERR_NOT_FOUND)
        return say_failure(err, "can't keep what you wrote");
    return STATUS_TEMPORARY;
}

/* What was written before is shown, and the next line goes on behind it. */
static bool resume_draft(const struct session *s, const char *to, struct buf *text)
{
    struct buf rows = BUF_INIT(20 * CONNECTION_LINE_MAX);
    enum err err = draft_load(s, to, text);
    if (err == ERR_OK) {
        say("This was kept as a draft. Go on behind it:");
        if (page_append(&rows, page_width(STDOUT_FILENO), PAGE_INDENT, buf_span(text)) == ERR_OK)
            (void)fwrite(rows.data, 1, rows.len, stdout);
        (void)fflush(stdout);
    } else if (err != ERR_NOT_FOUND) {
        (void)say_failure(err, "there is a draft, but it can't be read");
    }
    buf_free(&rows);
    return err == ERR_OK;
}

/* `err` is what writing the text ended with. */
static enum status send_text(struct session *s, struct letter *letter, enum err err, size_t most)
{
    if (err == ERR_OK && letter->data.len > most)
        err = ERR_TOO_LARGE;
    if (err == ERR_OK && !visible_is_text(letter->data))
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        return say_unusable(letter->to[0], err, most);
    if (letter->data.len > 0)
        return post_letter(s, letter);
    say("the message is empty; nothing was sent.");
    return STATUS_DATA;
}

/* Only an editor can mend what isn't fit to be sent: lines are but added. */
static void say_kept(const struct session *s, const struct letter *letter, size_t most)
{
    bool is_fit = letter->data.len <= most && visible_is_text(letter->data);
    say("It is kept as a draft: `%s %s` goes on with it.",
        s->options.is_edit || !is_fit ? "edit" : "compose", letter->to[0]);
}

/* What the outbox couldn't take, or can't be sent as it is: its writer has nothing else of it. */
static void keep_unsent(const struct session *s, const struct letter *letter, size_t most)
{
    enum err err = draft_keep(s, letter->to[0], letter->data);
    if (err == ERR_OK)
        say_kept(s, letter, most);
    else
        (void)say_failure(err, "can't keep it as a draft");
}

/* Until the outbox has it, a draft stays. */
static void drop_draft(const struct session *s, const char *to)
{
    if (draft_drop(s, to) != ERR_OK)
        say("can't remove the draft; it will be offered again.");
}

static enum status write_letter(struct session *s, struct letter *letter, size_t most)
{
    struct buf text = BUF_INIT(input_is_terminal() ? DRAFT_MAX : most);
    enum status status;
    if (input_is_terminal())
        say("Write the message; a lone . or Ctrl-D ends it, Ctrl-C drops it.");
    bool has_draft = input_is_terminal() && resume_draft(s, letter->to[0], &text);
    input_hold();
    enum err err = read_text(&text);
    letter->data = buf_span(&text);
    if (err == ERR_STOPPED || input_is_told_to_end()) {
        status = keep_draft(s, letter);
    } else {
        input_let_go();
        status = send_text(s, letter, err, most);
        bool is_whole = err == ERR_OK && text.len > 0;
        if (is_whole && !letter->is_kept && input_is_terminal())
            keep_unsent(s, letter, most);
        else if (has_draft && (letter->is_kept || err == ERR_DENIED))
            drop_draft(s, letter->to[0]);
    }
    buf_free(&text);
    input_let_go();
    return status;
}

/* Whatever the editor has saved is a draft by then, until the outbox has it. */
static enum status edit_letter(struct session *s, struct letter *letter, size_t most)
{
    struct buf text = BUF_INIT(DRAFT_MAX);
    const char *to = letter->to[0];
    enum err err = draft_load(s, to, &text);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        (void)say_failure(err, "there is a draft, but it can't be read");
    input_hold();
    enum status status = editor_run(s, to, &text);
    letter->data = buf_span(&text);
    if (input_is_told_to_end() && text.len > 0)
        say_goes_on(s, to);
    input_let_go();
    if (status == STATUS_OK) {
        status = send_text(s, letter, ERR_OK, most);
        if (letter->is_kept || text.len == 0)
            drop_draft(s, to);
        else
            say_kept(s, letter, most);
    }
    buf_free(&text);
    return status;
}

/* What is written while the server is away waits in the outbox. */
static bool may_write(const struct session *s, enum status status)
{
    bool is_away =
        status == STATUS_UNAVAILABLE || status == STATUS_TEMPORARY || status == STATUS_NO_HOST;
    return status == STATUS_OK || (is_away && s->ring.is_unlocked && !transport_was_broken());
}

static enum status ask_recipient(const char *recipient, char to[static FIELD_USER_SIZE])
{
    struct buf line = BUF_INIT(0);
    enum status status = STATUS_OK;
    if (recipient == NULL)
        status = compose_ask_name("To: ", &line, &recipient);
    if (status == STATUS_OK)
        status = session_take_name(to, recipient);
    buf_free(&line);
    return status;
}

/* *most: bytes that the text may have. */
static enum status begin_letter(struct session *s, char to[static FIELD_USER_SIZE],
                                const char *recipient, size_t *most)
{
    struct identity identity;
    enum status status = recipient != NULL ? session_take_name(to, recipient) : STATUS_OK;
    if (status == STATUS_OK)
        status = authenticate_keys(s, true);
    if (status != STATUS_OK)
        return status;
    status = authenticate_session(s);
    if (!may_write(s, status))
        return status;
    bool is_away = status != STATUS_OK;
    if (is_away)
        say("What you write now waits in the outbox.");
    *most = is_away ? envelope_largest_data(CONNECTION_LINE_MAX) : deliver_most(s);
    if (recipient == NULL && input_is_terminal() && draft_find(s, to))
        say("There is a draft to %s: name %s to go on with it.", to, to);
    status = ask_recipient(recipient, to);
    return status == STATUS_OK && !is_away ? identify_user(s, to, &identity) : status;
}

enum status compose_main(struct session *s, int argc, char *argv[])
{
    char to[1][FIELD_USER_SIZE];
    struct letter letter = {.to = (const char(*)[FIELD_USER_SIZE])to,
                            .to_count = 1,
                            .type = "text/plain"};
    size_t most = 0;
    if (s->options.is_edit && !input_is_terminal()) {
        say("an editor needs a terminal.");
        compose_skip_text();
        return STATUS_USAGE;
    }
    enum status status = begin_letter(s, to[0], argc > 1 ? argv[1] : NULL, &most);
    if (status == STATUS_OK)
        return s->options.is_edit ? edit_letter(s, &letter, most) : write_letter(s, &letter, most);
    compose_skip_text();
    return status;
}

enum status compose_edit_main(struct session *s, int argc, char *argv[])
{
    s->options.is_edit = true;
    return compose_main(s, argc, argv);
}
