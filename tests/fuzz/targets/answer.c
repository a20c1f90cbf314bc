/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server's answers, as a client reads them. */
#include "wire/answer.h"

#include "tests/fuzz/fuzz.h"
#include "wire/frame.h"

#define LIMIT (UINT64_C(1) << 53)

void fuzz_start(void)
{
}

static bool is_inside(struct span part, struct span whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void check_items(struct span body)
{
    struct answer_item item;
    struct span rest = body;
    enum err e;
    while ((e = answer_take_item(&rest, &item)) == ERR_OK) {
        FUZZ_HOLDS(is_inside(item.id, body) && is_inside(item.sender, body));
        FUZZ_HOLDS(item.id.len > 0 && item.sender.len > 0);
        FUZZ_HOLDS(item.time_stored < LIMIT && item.bytes < LIMIT);
    }
    FUZZ_HOLDS(e == ERR_MALFORMED || (e == ERR_NOT_FOUND && rest.len == 0));
}

void fuzz_one(struct span in)
{
    struct frame_parts parts;
    struct answer a;
    uint64_t count;
    if (frame_split(&parts, in) != ERR_OK)
        return;
    enum err e = answer_parse(&a, parts.head, parts.has_body, parts.body);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e)
        return;
    FUZZ_HOLDS(a.has_body == parts.has_body && span_equal(a.body, parts.body));
    if (a.kind == ANSWER_OK && answer_count(&a, &count) == ERR_OK)
        FUZZ_HOLDS(count < LIMIT && is_inside(a.rest, parts.head));
    if (a.kind == ANSWER_MESSAGE)
        FUZZ_HOLDS(is_inside(a.id, parts.head) && is_inside(a.sender, parts.head) &&
                   a.time_stored < LIMIT && a.left < LIMIT);
    if (a.kind == ANSWER_ERR) {
        FUZZ_HOLDS(is_inside(a.code_text, parts.head) && is_inside(a.text, parts.head));
        FUZZ_HOLDS(a.code != CODE_NONE && a.code <= CODE_UNKNOWN);
        FUZZ_HOLDS(a.code == CODE_UNKNOWN || span_is(a.code_text, code_name(a.code)));
    }
    check_items(a.body);
}
