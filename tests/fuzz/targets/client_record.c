/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The records of what is kept on this machine: each has one text. */
#include "client/record.h"

#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

void fuzz_one(struct span in)
{
    char text[1024];
    struct record record;
    struct span rest = in;
    struct buf again = BUF_INIT(65536);
    enum err e = record_take(&record, &rest);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK) {
        FUZZ_OK(record_append(&again, &record));
        FUZZ_HOLDS(again.len <= RECORD_TEXT_MAX);
        FUZZ_OK(buf_append_span(&again, rest));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
        FUZZ_HOLDS(!record_is_text(&record) || record.name[0] == '\0');
    }
    if (record_is_prefix(fuzz_text(in, text, sizeof(text))))
        FUZZ_HOLDS(strlen(text) <= FIELD_ID_LEN);
    buf_free(&again);
}
