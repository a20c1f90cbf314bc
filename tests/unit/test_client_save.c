/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others sent becomes a new file in the chosen place, and nothing else anywhere. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "temporary.h"

#include "base/file.h"
#include "client/save.h"
#include "crypto/field.h"

#define ID "000102030405060708090a0b0c0d0e0f"

static void expect(const char *output, const char *name, const char *path)
{
    struct saving saving = {.output = output, .name = name, .id = ID, .data = SPAN("data")};
    struct buf content = BUF_INIT(64);
    struct stat st;
    char got[PATH_MAX];
    bool goes_on;
    assert_int_equal(save_data(&saving, got, &goes_on), STATUS_OK);
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
    bool goes_on = true;
    struct buf content = BUF_INIT(64);
    (void)state;
    assert_int_equal(file_replace(AT_FDCWD, "taken", SPAN("old"), 0600), ERR_OK);
    assert_int_equal(save_data(&saving, got, &goes_on), STATUS_CANT_CREATE);
    assert_int_equal(file_read(AT_FDCWD, "taken", &content), ERR_OK);
    assert_true(span_is(buf_span(&content), "old"));
    buf_free(&content);
    assert_int_equal(symlink("elsewhere", "link"), 0);
    saving.output = "link";
    assert_int_equal(save_data(&saving, got, &goes_on), STATUS_CANT_CREATE);
    assert_int_equal(access("elsewhere", F_OK), -1);
    expect(".", "link", "./link.2");
    saving.output = "no/such/directory";
    assert_int_equal(save_data(&saving, got, &goes_on), STATUS_CANT_CREATE);
    assert_false(goes_on);
}

static void test_long_names(void **state)
{
    /* The longest name is cut between characters where a number has to follow it; what stands behind the last
     * dot stays, unless it is too long to be an extension. */
    char name[FIELD_NAME_MAX + 1], path[PATH_MAX];
    (void)state;
    memset(name, 'n', FIELD_NAME_MAX);
    name[FIELD_NAME_MAX] = '\0';
    snprintf(path, sizeof(path), "./%s", name);
    expect(".", name, path);
    snprintf(path, sizeof(path), "./%.253s.2", name);
    expect(".", name, path);
    memcpy(name + 251, ".pdf", 4);
    snprintf(path, sizeof(path), "./%s", name);
    expect(".", name, path);
    snprintf(path, sizeof(path), "./%.249s.2.pdf", name);
    expect(".", name, path);
    memcpy(name + 248, "é", 2);
    snprintf(path, sizeof(path), "./%s", name);
    expect(".", name, path);
    snprintf(path, sizeof(path), "./%.248s.2.pdf", name);
    expect(".", name, path);
    memset(name, 'n', FIELD_NAME_MAX);
    name[1] = '.';
    snprintf(path, sizeof(path), "./%s", name);
    expect(".", name, path);
    snprintf(path, sizeof(path), "./%.253s.2", name);
    expect(".", name, path);
}

static void test_no_room(void **state)
{
    /* A file that doesn't fit isn't left in part, and others may still fit; an undone one is gone. */
    static const uint8_t data[8192];
    struct saving saving = {.output = ".", .name = "big", .id = ID, .data = SPAN("")};
    struct rlimit before, small;
    char got[PATH_MAX];
    bool goes_on = false;
    (void)state;
    saving.data = span_of(data, sizeof(data));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){4096, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = save_data(&saving, got, &goes_on);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, STATUS_CANT_CREATE);
    assert_true(goes_on);
    assert_int_equal(access("big", F_OK), -1);
    expect(".", "small", "./small");
    save_undo("./small");
    assert_int_equal(access("small", F_OK), -1);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_names),
        IN_DIRECTORY(test_unsafe_names),
        IN_DIRECTORY(test_never_overwrites),
        IN_DIRECTORY(test_long_names),
        IN_DIRECTORY(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
