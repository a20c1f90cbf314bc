/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word_quarantine.c: the word `quarantine`: what failed its checks, and why. It needs no keys and no server, and
 * opens nothing: what is shown is what came, made visible. */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "page.h"
#include "quarantine.h"
#include "record.h"
#include "say.h"
#include "table.h"
#include "when.h"

#include "base/banned.h"

/* Of a message's bytes that are shown: enough to see what it pretends to be. */
#define SHOWN_BYTES 4096

struct listing {
    struct table table;
    size_t count;
    bool is_json;
};

/* `bytes` NULL for none: what came, with all that is in it. */
static enum status print_json(const struct quarantine_entry *entry, const struct buf *bytes)
{
    struct json json;
    json_begin(&json);
    json_add_text(&json, "id", span_of(entry->stem, FIELD_ID_LEN));
    if (entry->sender[0] != '\0')
        json_add_string(&json, "claims_from", entry->sender);
    if (entry->stored > 0)
        json_add_number(&json, "stored", entry->stored);
    json_add_number(&json, "bytes", entry->bytes);
    if (entry->reason[0] != '\0')
        json_add_string(&json, "reason", entry->reason);
    json_add_string(&json, "stem", entry->stem);
    if (bytes != NULL)
        json_add_data(&json, buf_span(bytes));
    return json_print(&json);
}

static bool print(void *context, const struct quarantine_entry *entry)
{
    static const struct table_head head = {.name = "FROM", .time = "STORED"};
    struct listing *listing = context;
    char id[FIELD_ID_SIZE] = "";
    memcpy(id, entry->stem, FIELD_ID_LEN);
    struct table_row row = {.name = entry->sender[0] != '\0' ? entry->sender : "?",
                            .time = entry->stored,
                            .bytes = entry->bytes,
                            .id = id,
                            .note = entry->reason[0] != '\0' ? entry->reason : NULL};
    if (listing->is_json) {
        listing->count++;
        return print_json(entry, NULL) == STATUS_OK;
    }
    if (listing->count++ == 0)
        table_begin(&listing->table, &head, FIELD_USER_MAX / 2);
    table_print(&listing->table, &row);
    return true;
}

struct search {
    const char *prefix;
    size_t count; /* of those whose names begin so */
    struct quarantine_entry entry;
};

static bool match(void *context, const struct quarantine_entry *entry)
{
    struct search *search = context;
    if (strncmp(entry->stem, search->prefix, strlen(search->prefix)) == 0) {
        search->count++;
        search->entry = *entry;
    }
    return true;
}

static enum err append_head(struct buf *head, const struct session *s,
                            const struct quarantine_entry *entry)
{
    char when[WHEN_SIZE];
    when_text(when, entry->stored);
    enum err err = buf_printf(head, "NOT TRUSTED: %s\nClaims to be from: %s\nDate: ",
                              entry->reason[0] != '\0' ? entry->reason : "the reason wasn't noted",
                              entry->sender[0] != '\0' ? entry->sender : "?");
    if (err == ERR_OK)
        err = buf_printf(head, "%s (by the server's clock)\nId:   %.32s\nKept: ",
                         entry->stored > 0 ? when : "?", entry->stem);
    if (err == ERR_OK)
        err = visible_append(head, span_str(s->account.path));
    return err == ERR_OK ? buf_printf(head, "/quarantine/%s.message (%" PRIu64 " byte%s)\n\n",
                                      entry->stem, entry->bytes, entry->bytes == 1 ? "" : "s")
                         : err;
}

static enum err print_one(const struct session *s, const struct quarantine_entry *entry)
{
    size_t width = page_width(STDOUT_FILENO);
    struct buf bytes = BUF_INIT(QUARANTINE_BYTES), head = BUF_INIT(65536), out = BUF_INIT(1 << 20);
    enum err err = quarantine_read(s->account.dir, entry, &bytes);
    struct span shown = buf_span(&bytes);
    shown.len = shown.len < SHOWN_BYTES ? shown.len : SHOWN_BYTES;
    if (err == ERR_OK && s->options.is_json) {
        err = print_json(entry, &bytes) == STATUS_OK ? ERR_OK : ERR_IO;
        buf_free(&bytes);
        return err;
    }
    if (err == ERR_OK)
        err = append_head(&head, s, entry);
    if (err == ERR_OK)
        err = page_append(&out, width, 0, buf_span(&head));
    if (err == ERR_OK)
        err = page_append(&out, width, PAGE_INDENT, shown);
    if (err == ERR_OK)
        (void)fwrite(out.data, 1, out.len, stdout);
    if (err == ERR_OK && shown.len < bytes.len)
        say("these are the first %d bytes.", SHOWN_BYTES);
    buf_free(&bytes);
    buf_free(&head);
    buf_free(&out);
    return err;
}

static enum status show(const struct session *s, const char *prefix)
{
    struct search search = {.prefix = prefix};
    enum err err = quarantine_visit(s->account.dir, match, &search);
    if (err == ERR_OK && search.count == 1)
        err = print_one(s, &search.entry);
    if (err != ERR_OK)
        return say_failure(err, "can't read the quarantine");
    if (search.count == 1)
        return STATUS_OK;
    say(search.count == 0
            ? "no message in the quarantine begins with %s."
            : "several messages in the quarantine begin with %s. Type more of the id; "
              "behind it, `-` and the beginning of the hash.",
        prefix);
    return search.count == 0 ? STATUS_NO_INPUT : STATUS_USAGE;
}

static enum status list(const struct session *s)
{
    struct listing listing = {.is_json = s->options.is_json};
    enum err err = quarantine_visit(s->account.dir, print, &listing);
    if (err != ERR_OK)
        return say_failure(err, "can't look into the quarantine");
    if (listing.count == 0)
        say("there is nothing in the quarantine.");
    return STATUS_OK;
}

/* An id's beginning, or a whole id, `-`, and the hash's. */
static bool is_prefix(const char *text)
{
    size_t len = strlen(text), digits = strspn(text, "0123456789abcdef");
    return record_is_prefix(text) ||
           (digits == FIELD_ID_LEN && text[digits] == '-' && len < QUARANTINE_STEM_SIZE &&
            strspn(text + digits + 1, "0123456789abcdef") == len - digits - 1);
}

enum status word_quarantine_main(struct session *s, int argc, char *argv[])
{
    if (argc > 1 && !is_prefix(argv[1])) {
        struct visible_value shown = visible_value(span_str(argv[1]));
        say("\"%s\" can't be a message's id: that is 32 of 0-9 a-f, and its first %d or more are "
            "enough.",
            shown.text, RECORD_PREFIX_LEAST);
        return STATUS_USAGE;
    }
    enum status status = session_choose_user(s, NULL);
    if (status != STATUS_OK)
        return status;
    return argc > 1 ? show(s, argv[1]) : list(s);
}
