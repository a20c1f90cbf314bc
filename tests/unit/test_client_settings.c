/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings fill what the command line left open: a variable before the file. */
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "client/settings.h"

/* In the file, in the current directory, which is the tests' own. */
static void write_file(const char *text)
{
    (void)mkdir("secmsg", 0700);
    assert_int_equal(file_replace(AT_FDCWD, "secmsg/secmsg.conf", span_str(text), 0600), ERR_OK);
}

static void clear(void)
{
    char *here = realpath(".", NULL);
    const char *variable;
    assert_non_null(here);
    assert_int_equal(setenv("XDG_CONFIG_HOME", here, 1), 0);
    free(here);
    for (size_t i = 0; settings_name(i, &variable) != NULL; i++)
        assert_int_equal(unsetenv(variable), 0);
}

static enum status fill(struct settings *settings, struct options *options, const char *text)
{
    write_file(text);
    return settings_fill(settings, options);
}

static void test_levels(void **state)
{
    /* What was given stays; then the variable counts, then the file, then the default. */
    struct settings settings;
    struct options options;
    (void)state;
    clear();
    options_defaults(&options);
    assert_int_equal(fill(&settings, &options, ""), STATUS_OK);
    assert_int_equal(options.timeout_ms, 30000);
    assert_null(options.user);
    settings_free(&settings);

    options_defaults(&options);
    options.home = "line";
    assert_int_equal(setenv("SECMSG_HOME", "/variable", 1), 0);
    assert_int_equal(setenv("SECMSG_USER", "variable", 1), 0);
    assert_int_equal(fill(&settings, &options,
                          "home = /file\nuser = file\ntimeout = 7\n# no\n\njson = yes\n"),
                     STATUS_OK);
    assert_string_equal(options.home, "line");
    assert_string_equal(options.user, "variable");
    assert_int_equal(options.timeout_ms, 7000);
    assert_true(options.is_json);
    settings_free(&settings);

    options_defaults(&options);
    assert_int_equal(setenv("SECMSG_JSON", "no", 1), 0);
    assert_int_equal(fill(&settings, &options, "json = yes\n"), STATUS_OK);
    assert_false(options.is_json);
    settings_free(&settings);
}

static void test_servers(void **state)
{
    /* A command on a higher level replaces a server on a lower one, and the other way round. */
    struct settings settings;
    struct options options;
    (void)state;
    clear();
    options_defaults(&options);
    assert_int_equal(setenv("SECMSG_EXEC", "command", 1), 0);
    assert_int_equal(fill(&settings, &options, "server = file\n"), STATUS_OK);
    assert_null(options.server);
    assert_string_equal(options.exec, "command");
    settings_free(&settings);

    options_defaults(&options);
    options.server = "line";
    assert_int_equal(settings_fill(&settings, &options), STATUS_OK);
    assert_null(options.exec);
    settings_free(&settings);
    assert_int_equal(fill(&settings, &options, "server = a\nexec = b\n"), STATUS_CONFIG);
    settings_free(&settings);
}

static void test_passwords(void **state)
{
    /* A descriptor on the command line goes before a file from elsewhere. */
    struct settings settings;
    struct options options;
    (void)state;
    clear();
    options_defaults(&options);
    options.password_fd = 3;
    assert_int_equal(fill(&settings, &options, "password-file = file\n"), STATUS_OK);
    assert_null(options.password_file);
    settings_free(&settings);
}

static void test_wrong_files(void **state)
{
    /* Unknown names, names given twice, values that can't be, a file that others can write. */
    static const char *const bad[] = {"sever = x\n",    "user = a\nuser = b\n", "user =\n",
                                      "timeout = 0\n",  "timeout = 86401\n",    "timeout = 1K\n",
                                      "timeout = -1\n", "json = maybe\n",       "user alice\n",
                                      "password = x\n", "SERVER = x\n"};
    struct settings settings;
    struct options options;
    (void)state;
    clear();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        options_defaults(&options);
        assert_int_equal(fill(&settings, &options, bad[i]), STATUS_CONFIG);
        settings_free(&settings);
    }
    write_file("");
    assert_int_equal(chmod("secmsg/secmsg.conf", 0620), 0);
    assert_int_equal(settings_fill(&settings, &options), STATUS_CONFIG);
    settings_free(&settings);
}

static int leave(void **state)
{
    (void)unlink("secmsg/secmsg.conf");
    return temporary_leave(state);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, temporary_enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_levels),
        IN_DIRECTORY(test_servers),
        IN_DIRECTORY(test_passwords),
        IN_DIRECTORY(test_wrong_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
