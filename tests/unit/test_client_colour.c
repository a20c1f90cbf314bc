/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_client_colour.c: which rows are emphasised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/colour.h"

#include "base/banned.h"

static void check(const char *rows, const char *expected)
{
    struct buf out = BUF_INIT(4096);
    assert_int_equal(colour_append_head(&out, span_str(rows)), ERR_OK);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.data, expected, out.len);
    buf_free(&out);
}

/* Sender and warnings are, whole rows of them; all else stays as it is, to the last byte. */
static void test_heads_and_warnings(void **state)
{
    (void)state;
    check("From: bob\nDate: x\n  !   old\n",
          "\x1b[1mFrom: bob\x1b[0m\nDate: x\n\x1b[1;31m  !   old\x1b[0m\n");
    check("Id:   From: bob\n  wrapped\n\nTo:   x",
          "Id:   From: bob\n  wrapped\n\n\x1b[1mTo:   x\x1b[0m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_heads_and_warnings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
