/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes from outside can't leave its place in a log line. */
#include "base/log.h"

#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

void fuzz_one(struct span in)
{
    char text[1024];
    struct log_value escaped = log_escape(in);
    FUZZ_HOLDS(fuzz_is_printable(span_str(escaped.text)));
    FUZZ_HOLDS(strpbrk(escaped.text, " \"=") == NULL);
    struct log_value quoted = log_quote(fuzz_text(in, text, sizeof(text)));
    size_t len = strlen(quoted.text);
    FUZZ_HOLDS(fuzz_is_printable(span_str(quoted.text)));
    FUZZ_HOLDS(len >= 2 && quoted.text[0] == '"' &&
               strchr(quoted.text + 1, '"') == quoted.text + len - 1);
}
