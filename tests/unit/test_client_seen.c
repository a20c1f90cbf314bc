/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A message that was noted as seen is known by every client from then on, whatever was cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/seen.h"

#define ID_A "000102030405060708090a0b0c0d0e0f"
#define ID_B "f00102030405060708090a0b0c0d0e0f"

static int open_here(void)
{
    int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    return dir;
}

static bool is_seen(struct seen *seen, const char *id, const char *sender)
{
    bool found = true;
    assert_int_equal(seen_look(seen, id, sender, &found), ERR_OK);
    return found;
}

static void test_two_clients(void **state)
{
    /* What one client notes, another that is open already knows; ids count per sender. */
    struct seen a, b;
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&a, dir), ERR_OK);
    assert_int_equal(seen_open(&b, dir), ERR_OK);
    assert_false(is_seen(&a, ID_A, "bob"));
    assert_false(is_seen(&b, ID_A, "bob"));
    assert_int_equal(seen_add(&a, ID_A, "bob"), ERR_OK);
    assert_true(is_seen(&b, ID_A, "bob"));
    assert_false(is_seen(&b, ID_A, "bo"));
    assert_false(is_seen(&b, ID_B, "bob"));
    assert_int_equal(seen_add(&b, ID_B, "carol"), ERR_OK);
    assert_true(is_seen(&a, ID_B, "carol"));
    seen_close(&a);
    seen_close(&b);
    assert_int_equal(close(dir), 0);
}

static void test_torn_line(void **state)
{
    /* A line that a crash cut short isn't believed, and doesn't spoil the next one. */
    struct seen seen;
    int dir = open_here();
    (void)state;
    assert_int_equal(file_replace(dir, "seen", SPAN(ID_A " bob\n" ID_B " ca"), 0600), ERR_OK);
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_true(is_seen(&seen, ID_A, "bob"));
    assert_false(is_seen(&seen, ID_B, "ca"));
    assert_int_equal(seen_add(&seen, ID_B, "dora"), ERR_OK);
    seen_close(&seen);
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_true(is_seen(&seen, ID_B, "dora"));
    assert_true(is_seen(&seen, ID_A, "bob"));
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

static void test_bad_names(void **state)
{
    /* What isn't of an id's or a name's length can't be noted. */
    struct seen seen;
    bool found;
    int dir = open_here();
    (void)state;
    assert_int_equal(seen_open(&seen, dir), ERR_OK);
    assert_int_equal(seen_add(&seen, "short", "bob"), ERR_MALFORMED);
    assert_int_equal(seen_look(&seen, ID_A, "a-name-that-is-longer-than-32-bytes", &found),
                     ERR_MALFORMED);
    seen_close(&seen);
    assert_int_equal(close(dir), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_two_clients),
        IN_DIRECTORY(test_torn_line),
        IN_DIRECTORY(test_bad_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
