/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show.c: writes messages for people. Every byte goes through page_append: what others wrote never stands
 * in the first column, and never drives the terminal. */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "colour.h"
#include "json.h"
#include "page.h"
#include "say.h"
#include "visible.h"
#include "when.h"

#include "base/banned.h"

#define DAY_SECONDS 86400
/* Who, when and what. */
#define HEAD_MAX 65536
/* A TAB on a terminal of four columns grows to 20 bytes; nothing grows more. */
#define OUTPUT_MAX (20 * CONNECTION_LINE_MAX + HEAD_MAX)

struct span show_data(const struct received *received, const struct inspected *inspected)
{
    return inspected->verdict == VERDICT_GOOD ? inspected->content.data : buf_span(&received->body);
}

bool show_is_text(const struct inspected *inspected)
{
    return inspected->verdict != VERDICT_GOOD ||
           strncmp(inspected->content.type, "text/", strlen("text/")) == 0;
}

static enum err append_times(struct buf *out, const struct shown *shown)
{
    char when[WHEN_SIZE], stored[WHEN_SIZE];
    uint64_t time = shown->inspected->time, at = shown->received->time_stored;
    when_text(stored, at);
    if (shown->inspected->verdict != VERDICT_GOOD)
        return buf_printf(out, "Date: %s (by the server's clock)\n", stored);
    when_text(when, time);
    enum err err = buf_printf(out, "Date: %s\n", when);
    if (shown->is_sent)
        return err;
    bool is_apart = (time > at ? time - at : at - time) > DAY_SECONDS;
    if (err == ERR_OK && is_apart)
        err = buf_printf(out, "  !   the server stored it at %s: more than a day apart\n", stored);
    if (err == ERR_OK && time < shown->first_login)
        err = buf_append_str(
            out, is_apart ? "  !   older than your first login on this machine: it may be an old "
                            "message that is shown again\n"
                          : "  -   stored before your first login on this machine\n");
    return err;
}

static enum err append_sender(struct buf *out, const struct shown *shown)
{
    const struct inspected *i = shown->inspected;
    if (shown->is_sent)
        return buf_printf(out, "To:   %s\n", shown->received->sender);
    if (i->verdict != VERDICT_GOOD)
        return buf_printf(
            out,
            "From: %s UNSIGNED\n  !   nobody signed this: whoever runs the server could "
            "have written it\n",
            shown->received->sender);
    const char *pin = i->is_first          ? "first message: pinned from now on"
                      : shown->is_archived ? "pinned when it came"
                                           : "pinned";
    return buf_printf(out, "From: %s (%s, %s)\n", shown->received->sender, i->fingerprint, pin);
}

static enum err append_file(struct buf *out, const struct shown *shown)
{
    const struct content *content = &shown->inspected->content;
    if (shown->inspected->verdict != VERDICT_GOOD)
        return ERR_OK;
    if (content->name[0] == '\0' && show_is_text(shown->inspected) && shown->saved_as == NULL)
        return ERR_OK;
    enum err err = buf_append_str(out, "File: ");
    if (err == ERR_OK && content->name[0] != '\0')
        err = visible_append(out, span_str(content->name));
    else if (err == ERR_OK)
        err = buf_append_str(out, "without a name");
    if (err == ERR_OK)
        err = buf_printf(out, " (%s, %zu byte%s)\n", content->type, content->data.len,
                         content->data.len == 1 ? "" : "s");
    if (err == ERR_OK && shown->saved_as != NULL) {
        err = buf_append_str(out, "Saved: ");
        if (err == ERR_OK)
            err = visible_append(out, span_str(shown->saved_as));
        if (err == ERR_OK)
            err = buf_append_byte(out, '\n');
    }
    return err;
}

/* Not told until the bytes are where the user wants them: a file that is redirected to is synced. */
static enum err write_out(struct span bytes)
{
    if (fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len || fflush(stdout) != 0)
        return ERR_IO;
    if (fsync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        return ERR_IO;
    return ERR_OK;
}

static enum err append_head(struct buf *out, const struct shown *shown)
{
    enum err err = append_sender(out, shown);
    if (err == ERR_OK)
        err = append_times(out, shown);
    if (err == ERR_OK)
        err = buf_printf(out, "Id:   %s\n", shown->received->id);
    if (err == ERR_OK)
        err = append_file(out, shown);
    if (err == ERR_OK && shown->is_withheld)
        err = buf_printf(out, "  -   it isn't text: save it with `%ssave %.8s DIR`\n",
                         say_command(), shown->received->id);
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}

static void add_signed(struct json *json, const struct shown *shown)
{
    const struct inspected *i = shown->inspected;
    if (!shown->is_sent)
        json_add_string(json, "fingerprint", i->fingerprint);
    json_add_number(json, "time", i->time);
    json_add_string(json, "type", i->content.type);
    if (i->content.name[0] != '\0')
        json_add_string(json, "name", i->content.name);
    if (i->is_first)
        json_add_truth(json, "new_pin", true);
}

static enum err show_json(const struct shown *shown)
{
    struct json json;
    struct buf line = BUF_INIT(JSON_LINE_MAX);
    struct span data = show_data(shown->received, shown->inspected);
    bool is_signed = shown->inspected->verdict == VERDICT_GOOD;
    json_begin(&json);
    json_add_string(&json, "id", shown->received->id);
    json_add_string(&json, shown->is_sent ? "to" : "from", shown->received->sender);
    json_add_truth(&json, "signed", is_signed);
    if (is_signed)
        add_signed(&json, shown);
    if (!shown->is_sent)
        json_add_number(&json, "stored", shown->received->time_stored);
    json_add_number(&json, "bytes", data.len);
    if (shown->saved_as != NULL)
        json_add_string(&json, "saved", shown->saved_as);
    else
        json_add_data(&json, data);
    enum err err = json_append(&json, &line);
    if (err == ERR_OK)
        err = write_out(buf_span(&line));
    buf_free(&line);
    return err;
}

static enum err append_rows(struct buf *out, size_t width, struct span head)
{
    struct buf rows = BUF_INIT(20 * HEAD_MAX);
    enum err err = page_append(&rows, width, 0, head);
    if (err == ERR_OK)
        err = colour_is_wanted(STDOUT_FILENO) ? colour_append_head(out, buf_span(&rows))
                                              : buf_append_span(out, buf_span(&rows));
    buf_free(&rows);
    return err;
}

enum err show_message(const struct shown *shown)
{
    if (shown->is_json)
        return show_json(shown);
    struct buf head = BUF_INIT(HEAD_MAX), out = BUF_INIT(OUTPUT_MAX);
    struct span text = show_data(shown->received, shown->inspected);
    size_t width = page_width(STDOUT_FILENO);
    enum err err = append_head(&head, shown);
    if (err == ERR_OK)
        err = append_rows(&out, width, buf_span(&head));
    bool has_text = shown->saved_as == NULL && !shown->is_withheld;
    if (err == ERR_OK && has_text)
        err = page_append(&out, width, PAGE_INDENT, text);
    if (err == ERR_OK && has_text)
        err = buf_append_byte(&out, '\n');
    if (err == ERR_OK)
        err = write_out(buf_span(&out));
    buf_free(&head);
    buf_free(&out);
    return err;
}

enum err show_raw(struct span data)
{
    return write_out(data);
}
