/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.c: objects for programs, by libjansson. A member that can't be added spoils the whole object: half a line is
 * never written. */
#include "json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "crypto/field.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

void json_begin(struct json *json)
{
    json->object = json_object();
    json->has_failed = json->object == NULL;
}

/* Takes the value over. */
static void add(struct json *json, const char *name, json_t *value)
{
    if (value == NULL || json_object_set_new(json->object, name, value) != 0)
        json->has_failed = true;
}

/* As UTF-8, whatever it is. */
static enum err append_mended(struct buf *out, struct span text)
{
    enum err err = ERR_OK;
    while (text.len > 0 && err == ERR_OK) {
        uint32_t character;
        size_t len = field_take_character(text, &character);
        err = len > 0 ? buf_append(out, text.data, len) : buf_append_str(out, "\xef\xbf\xbd");
        len = len > 0 ? len : 1;
        text = span_of(text.data + len, text.len - len);
    }
    return err;
}

void json_add_text(struct json *json, const char *name, struct span text)
{
    struct buf mended = BUF_INIT(3 * text.len + 1);
    if (append_mended(&mended, text) != ERR_OK)
        json->has_failed = true;
    else
        add(json, name, json_stringn(mended.len > 0 ? (const char *)mended.data : "", mended.len));
    buf_free(&mended);
}

void json_add_string(struct json *json, const char *name, const char *text)
{
    json_add_text(json, name, span_str(text));
}

void json_add_number(struct json *json, const char *name, uint64_t number)
{
    add(json, name, json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX));
}

void json_add_real(struct json *json, const char *name, double number)
{
    add(json, name, json_real(number));
}

void json_add_truth(struct json *json, const char *name, bool is_so)
{
    add(json, name, json_boolean(is_so));
}

void json_add_data(struct json *json, struct span data)
{
    struct buf text = BUF_INIT(base64_encoded_len(data.len));
    if (visible_is_text(data))
        json_add_text(json, "text", data);
    else if (base64url_encode(&text, data) != ERR_OK)
        json->has_failed = true;
    else
        json_add_text(json, "base64", buf_span(&text));
    buf_free(&text);
}

/* The one control character that the library leaves as it is. */
static enum err append_escaped(struct buf *out, const char *line)
{
    enum err err = ERR_OK;
    for (const char *end; err == ERR_OK && *(end = strchrnul(line, 0x7f)) != '\0'; line = end + 1) {
        err = buf_append(out, line, (size_t)(end - line));
        if (err == ERR_OK)
            err = buf_append_str(out, "\\u007f");
    }
    if (err == ERR_OK)
        err = buf_append_str(out, line);
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}

/* What a message says is wiped. */
enum err json_append(struct json *json, struct buf *line)
{
    char *text =
        json->has_failed
            ? NULL
            : json_dumps(json->object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    json_decref(json->object);
    json->object = NULL;
    if (text == NULL)
        return ERR_NO_MEMORY;
    enum err err = append_escaped(line, text);
    bytes_wipe(text, strlen(text));
    free(text);
    return err;
}

enum status json_print(struct json *json)
{
    struct buf line = BUF_INIT(JSON_LINE_MAX);
    enum err err = json_append(json, &line);
    if (err == ERR_OK && fwrite(line.data, 1, line.len, stdout) != line.len)
        err = ERR_IO;
    buf_free(&line);
    return err == ERR_OK ? STATUS_OK : say_failure(err, "can't write JSON");
}
