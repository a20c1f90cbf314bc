/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opened.c: prints what an envelope or a proof holds; as in show.c, nothing that others wrote stands in the first
 * column or drives the terminal. */
#include "opened.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "page.h"
#include "say.h"
#include "show.h"
#include "when.h"

#include "base/banned.h"

#define HEAD_MAX   65536
#define OUTPUT_MAX (20 * CONNECTION_LINE_MAX + HEAD_MAX)

enum status opened_check(const struct session *s)
{
    if (!s->options.is_raw || isatty(STDOUT_FILENO) != 1)
        return STATUS_OK;
    say("--raw doesn't write to a terminal: what others wrote could drive it. Redirect it to a "
        "file or a pipe.");
    return STATUS_USAGE;
}

static bool is_text(const struct content *content)
{
    return strncmp(content->type, "text/", strlen("text/")) == 0;
}

static enum err append_file(struct buf *out, const struct content *content)
{
    if (content->name[0] == '\0' && is_text(content))
        return ERR_OK;
    return buf_printf(out, "File: %s (%s, %zu byte%s)\n",
                      content->name[0] != '\0' ? content->name : "without a name", content->type,
                      content->data.len, content->data.len == 1 ? "" : "s");
}

static enum err append_head(struct buf *out, const struct opened *opened)
{
    char when[WHEN_SIZE];
    when_text(when, opened->time);
    enum err err =
        buf_printf(out,
                   "From: %s (%s, %s)\nTo:   %.*s\nDate: %s (by the sender's clock)\nId:   %.*s\n",
                   opened->from->user, opened->from->fingerprint, opened->standing,
                   (int)opened->to.len, (const char *)opened->to.data, when, (int)opened->id.len,
                   (const char *)opened->id.data);
    if (err == ERR_OK)
        err = append_file(out, opened->content);
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}

static enum err print_page(const struct opened *opened)
{
    struct buf head = BUF_INIT(HEAD_MAX), out = BUF_INIT(OUTPUT_MAX);
    size_t width = page_width(STDOUT_FILENO);
    enum err err = append_head(&head, opened);
    if (err == ERR_OK)
        err = page_append(&out, width, 0, buf_span(&head));
    if (err == ERR_OK && is_text(opened->content))
        err = page_append(&out, width, PAGE_INDENT, opened->content->data);
    if (err == ERR_OK)
        err = show_raw(buf_span(&out));
    buf_free(&head);
    buf_free(&out);
    return err;
}

static enum status print_json(const struct opened *opened)
{
    struct json json;
    json_begin(&json);
    json_add_text(&json, "id", opened->id);
    json_add_string(&json, "from", opened->from->user);
    json_add_string(&json, "fingerprint", opened->from->fingerprint);
    json_add_truth(&json, "known", opened->is_known);
    json_add_text(&json, "to", opened->to);
    json_add_number(&json, "time", opened->time);
    json_add_string(&json, "type", opened->content->type);
    if (opened->content->name[0] != '\0')
        json_add_string(&json, "name", opened->content->name);
    json_add_number(&json, "bytes", opened->content->data.len);
    json_add_data(&json, opened->content->data);
    return json_print(&json);
}

enum status opened_print(const struct session *s, const struct opened *opened)
{
    if (s->options.is_json && !s->options.is_raw)
        return print_json(opened);
    bool is_withheld = !s->options.is_raw && !is_text(opened->content);
    enum err err = s->options.is_raw ? show_raw(opened->content->data) : print_page(opened);
    if (err != ERR_OK)
        return say_failure(err, "can't show the message");
    if (is_withheld)
        say("what it holds isn't text: take it with --raw, into a file.");
    return STATUS_OK;
}
