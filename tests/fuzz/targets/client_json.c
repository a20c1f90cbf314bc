/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --json prints one line of ASCII, which reads back as what was put in. */
#include "client/json.h"

#include <jansson.h>

#include "base/base64.h"
#include "client/visible.h"
#include "tests/fuzz/fuzz.h"

#define MOST ((size_t)16 << 20)

void fuzz_start(void)
{
}

static void check_data(const json_t *read, struct span data)
{
    struct buf decoded = BUF_INIT(MOST);
    const json_t *text = json_object_get(read, "text"), *other = json_object_get(read, "base64");
    FUZZ_HOLDS((text != NULL) != (other != NULL));
    if (text != NULL)
        FUZZ_HOLDS(span_equal(span_of(json_string_value(text), json_string_length(text)), data));
    else
        FUZZ_OK(base64url_decode(&decoded, span_str(json_string_value(other))));
    FUZZ_HOLDS(text != NULL || span_equal(buf_span(&decoded), data));
    buf_free(&decoded);
}

static void check_text(const json_t *read, struct span text)
{
    const json_t *value = json_object_get(read, "any");
    FUZZ_HOLDS(json_is_string(value));
    if (visible_is_text(text))
        FUZZ_HOLDS(span_equal(span_of(json_string_value(value), json_string_length(value)), text));
}

void fuzz_one(struct span in)
{
    struct json json;
    struct buf line = BUF_INIT(MOST);
    json_begin(&json);
    json_add_text(&json, "any", in);
    json_add_number(&json, "number", in.len);
    json_add_truth(&json, "truth", true);
    json_add_data(&json, in);
    FUZZ_OK(json_append(&json, &line));
    FUZZ_HOLDS(line.len > 0 && line.data[line.len - 1] == '\n');
    FUZZ_HOLDS(fuzz_is_printable(span_of(line.data, line.len - 1)));
    json_t *read = json_loadb((const char *)line.data, line.len,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    FUZZ_HOLDS(read != NULL && json_object_size(read) == 4);
    check_text(read, in);
    check_data(read, in);
    json_decref(read);
    buf_free(&line);
}
