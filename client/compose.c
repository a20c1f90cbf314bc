/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.c: the dialogue of writing a message. The recipient is checked before the first line is typed. */
#include "compose.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authenticate.h"
#include "base/clock.h"
#include "draft.h"
#include "identify.h"
#include "input.h"
#include "page.h"
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
        if (err == ERR_OK) {
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

/* What is kept is shown, so that nobody sends what they forgot. */
static void offer(const struct draft *draft)
{
    char when[32] = "";
    struct tm tm;
    struct buf rows = BUF_INIT(20 * CONNECTION_LINE_MAX);
    time_t time = (time_t)draft->time;
    bool is_old = draft->time + 86400 / 2 < clock_wall();
    if (localtime_r(&time, &tm) == NULL ||
        strftime(when, sizeof(when), is_old ? "%Y-%m-%d %H:%M" : "%H:%M", &tm) == 0)
        when[0] = '\0';
    say("a text for %s from %s was kept; %s:", draft->to, when,
        draft->sent.id[0] != '\0' ? "it isn't known whether it was sent" : "it wasn't sent");
    if (page_append(&rows, page_width(STDOUT_FILENO), PAGE_INDENT, buf_span(&draft->text)) ==
        ERR_OK)
        (void)fwrite(rows.data, 1, rows.len, stdout);
    buf_free(&rows);
    say("A lone . sends it as it is, lines before that are added to it, Ctrl-C drops it.");
}

static void invite(const struct draft *draft)
{
    if (!input_is_terminal())
        return;
    if (draft->text.len > 0)
        offer(draft);
    else
        say("Write the message; a lone . or Ctrl-D ends it, Ctrl-C drops it.");
}

static enum status say_dropped(struct draft *draft)
{
    enum err err = draft->text.len > 0 ? draft_remove(draft) : ERR_OK;
    say("the message was dropped; nothing was sent.");
    return err == ERR_OK ? STATUS_USAGE : say_failure(err, "can't remove the text that was kept");
}

/* `err` is what read_text ended with. */
static enum status say_unusable(struct draft *draft, enum err err, size_t max)
{
    if (err == ERR_DENIED)
        return say_dropped(draft);
    if (err == ERR_TOO_LARGE) {
        say("the message is longer than this server takes (%zu bytes); nothing was sent.", max);
        return STATUS_DATA;
    }
    if (err == ERR_MALFORMED) {
        say("the message isn't UTF-8; nothing was sent. Send it as a file: send %s -f FILE",
            draft->to);
        return STATUS_DATA;
    }
    return say_failure(err, "can't read the message; nothing was sent");
}

static void say_kept(const struct draft *draft, enum status status, bool is_kept)
{
    bool is_open = draft->sent.id[0] != '\0';
    if (is_open && status != STATUS_UNKNOWN)
        say("it still isn't known whether the message to %s was sent.", draft->to);
    if (is_open && is_kept)
        say("It is kept: type `compose %s`, then a lone . to send the very same again, which the "
            "server keeps once.",
            draft->to);
    else if (is_kept)
        say("nothing was sent. The text is kept: type `compose %s` to go on with it.", draft->to);
    else
        say("%s, and the text wasn't kept.", is_open ? "No answer came" : "nothing was sent");
}

/* Before the first byte goes out the envelope is on disk beside the text: whoever is broken off then repeats
 * the very same. */
static enum err note_sending(void *context, const char *id, struct span envelope)
{
    struct draft *draft = context;
    struct sealed before = draft->sent;
    draft->sent = (struct sealed){.envelope = BUF_INIT(CONNECTION_LINE_MAX)};
    memcpy(draft->sent.id, id, FIELD_ID_SIZE);
    enum err err = buf_append_span(&draft->sent.envelope, envelope);
    if (err == ERR_OK)
        err = draft_note_sent(draft);
    buf_free(&draft->sent.envelope);
    draft->sent = before;
    return err;
}

/* The text is on disk before it is sent: what breaks off in between loses nothing. */
static enum status send_text(struct session *s, struct draft *draft, struct letter *letter,
                             bool is_kept)
{
    enum err err = ERR_OK;
    bool was_sent = draft->sent.id[0] != '\0';
    letter->sealed = &draft->sent;
    if (is_kept && !was_sent)
        err = draft_keep(draft, s, letter->data);
    if (err != ERR_OK)
        (void)say_failure(err, "can't keep the text in case that it can't be sent");
    bool is_ours = is_kept; /* what is kept is this text, or one that it was added to */
    is_kept = is_kept && err == ERR_OK;
    if (is_kept) {
        letter->note = note_sending;
        letter->context = draft;
    }
    enum status status = deliver_letter(s, letter);
    if (is_ours && status == STATUS_OK)
        err = draft_remove(draft);
    else if (is_kept)
        err = draft_note_sent(draft);
    if ((is_kept || (is_ours && status == STATUS_OK)) && err != ERR_OK)
        (void)say_failure(err, "can't change the text that was kept");
    if (status != STATUS_OK)
        say_kept(draft, status, is_kept && err == ERR_OK);
    return status;
}

/* Lines that a person adds go behind what was kept; a script's are a message of their own, and what was
 * kept before stays. */
static enum status finish_text(struct session *s, struct draft *draft, struct letter *letter,
                               const struct buf *typed)
{
    bool had_text = draft->text.len > 0;
    bool is_own = typed->len > 0 && !input_is_terminal();
    struct sealed none = {.id = ""};
    enum err err = ERR_OK;
    letter->data = is_own ? buf_span(typed) : span_of(NULL, 0);
    if (typed->len > 0) {
        buf_free(&draft->sent.envelope);
        draft->sent = none;
        draft->sent.envelope = BUF_INIT(CONNECTION_LINE_MAX);
    }
    if (!is_own) {
        err = buf_append_span(&draft->text, buf_span(typed));
        letter->data = buf_span(&draft->text);
    }
    if (err != ERR_OK)
        return say_failure(err, "can't put the message together; nothing was sent");
    if (letter->data.len == 0) {
        say("the message is empty; nothing was sent.");
        return STATUS_DATA;
    }
    return send_text(s, draft, letter, !is_own || !had_text);
}

static enum status write_letter(struct session *s, struct letter *letter)
{
    struct buf text = BUF_INIT(deliver_most(s));
    struct draft draft;
    enum status status;
    enum err err = draft_open(&draft, s, letter->to);
    if (err != ERR_OK)
        (void)say_failure(err, "can't use the text that was kept");
    invite(&draft);
    err = read_text(&text);
    if (err == ERR_OK && !visible_is_text(buf_span(&text)))
        err = ERR_MALFORMED;
    status =
        err == ERR_OK ? finish_text(s, &draft, letter, &text) : say_unusable(&draft, err, text.max);
    draft_close(&draft);
    buf_free(&text);
    return status;
}

static enum status begin_letter(struct session *s, struct letter *letter, const char *recipient)
{
    struct identity identity;
    struct buf line = BUF_INIT(0);
    enum status status = recipient != NULL ? session_take_name(letter->to, recipient) : STATUS_OK;
    if (status == STATUS_OK)
        status = authenticate_session(s);
    if (status == STATUS_OK && recipient == NULL) {
        status = compose_ask_name("To: ", &line, &recipient);
        if (status == STATUS_OK)
            status = session_take_name(letter->to, recipient);
    }
    buf_free(&line);
    return status == STATUS_OK ? identify_user(s, letter->to, &identity) : status;
}

enum status compose_main(struct session *s, int argc, char *argv[])
{
    struct letter letter = {.type = "text/plain"};
    enum status status = begin_letter(s, &letter, argc > 1 ? argv[1] : NULL);
    if (status == STATUS_OK)
        return write_letter(s, &letter);
    compose_skip_text();
    return status;
}
