/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others sent becomes a new file in the chosen place, and nothing else anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/save.h"

#define ID "000102030405060708090a0b0c0d0e0f"

static void expect(const char *output, const char *name, const char *path)
{
    struct saving saving = {.output = output, .name = name, .id = ID, .data = SPAN("data")};
    struct buf content = BUF_INIT(64);
    struct stat st;
    char got[PATH_MAX];
    assert_int_equal(save_data(&saving, got), STATUS_OK);
    assert_string_equal(got, path);
    assert_int_equal(file_read(AT_FDCWD, path, &content), ERR_OK);
    assert_true(span_is(buf_span(&content), "data"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    buf_free(&content);
}

static void test_names(void **state)
{
    /* A file keeps its name, is numbered where that is taken, and has its id where it has none. */
    (void)state;
    expect(".", "report.pdf", "./report.pdf");
    expect(".", "report.pdf", "./report.2.pdf");
    expect(".", "report.pdf", "./report.3.pdf");
    expect(".", "plain", "./plain");
    expect(".", "plain", "./plain.2");
    expect(".", "", "./" ID);
    expect("given", "report.pdf", "given");
}

static void test_unsafe_names(void **state)
{
    /* Names that climb, hide or break lines are never used, whoever let them through before. */
    (void)state;
    expect(".", "../escaped", "./" ID);
    expect(".", ".bashrc", "./" ID ".2");
    expect(".", "/etc/x", "./" ID ".3");
    expect(".", "a\nb", "./" ID ".4");
    expect(".", "..", "./" ID ".5");
}

static void test_never_overwrites(void **state)
{
    /* A path that exists, as a file or as a link to nowhere, isn't written to. */
    struct saving saving = {.output = "taken", .name = "x", .id = ID, .data = SPAN("new")};
    char got[PATH_MAX];
    struct buf content = BUF_INIT(64);
    (void)state;
    assert_int_equal(file_replace(AT_FDCWD, "taken", SPAN("old"), 0600), ERR_OK);
    assert_int_equal(save_data(&saving, got), STATUS_CANT_CREATE);
    assert_int_equal(file_read(AT_FDCWD, "taken", &content), ERR_OK);
    assert_true(span_is(buf_span(&content), "old"));
    buf_free(&content);
    assert_int_equal(symlink("elsewhere", "link"), 0);
    saving.output = "link";
    assert_int_equal(save_data(&saving, got), STATUS_CANT_CREATE);
    assert_int_equal(access("elsewhere", F_OK), -1);
    expect(".", "link", "./link.2");
    saving.output = "no/such/directory";
    assert_int_equal(save_data(&saving, got), STATUS_CANT_CREATE);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_names),
        IN_DIRECTORY(test_unsafe_names),
        IN_DIRECTORY(test_never_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
