/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times are shown as ISO 8601 in the local time zone, and absurd ones are still shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "client/when.h"

static void expect(const char *zone, uint64_t seconds, const char *shown)
{
    char text[WHEN_SIZE];
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    when_text(text, seconds);
    assert_string_equal(text, shown);
}

static void test_zones(void **state)
{
    /* The offset of the time zone stands behind the time, with its colon. */
    (void)state;
    expect("UTC0", 0, "1970-01-01T00:00:00+00:00");
    expect("CET-1", 1772353800, "2026-03-01T09:30:00+01:00");
    expect("NST3:30", 1772353800, "2026-03-01T05:00:00-03:30");
}

static void test_absurd(void **state)
{
    /* A sender may claim any number below 2^53: what no calendar reaches is shown as it is. */
    (void)state;
    expect("UTC0", 253402214399, "9999-12-30T23:59:59+00:00");
    expect("UTC0", 253402300800, "second 253402300800");
    expect("UTC0", 9007199254740991, "second 9007199254740991");
    expect("UTC0", UINT64_MAX, "second 18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_absurd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
