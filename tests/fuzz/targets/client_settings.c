/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's settings file and command line, of any bytes. */
#include "client/settings.h"

#include <sys/stat.h>

#include "client/words.h"
#include "tests/fuzz/fuzz.h"

#define ARGUMENTS 8

static char path[256];

void fuzz_start(void)
{
    char directory[200];
    setenv("XDG_CONFIG_HOME", fuzz_directory(), 1);
    snprintf(directory, sizeof(directory), "%s/secmsg", fuzz_directory());
    FUZZ_HOLDS(mkdir(directory, 0700) == 0);
    snprintf(path, sizeof(path), "%s/secmsg.conf", directory);
}

static void check_options(const struct options *options)
{
    FUZZ_HOLDS(options->timeout_ms <= UINT64_C(86400) * 1000);
    FUZZ_HOLDS(options->trust == NULL || options_is_trust(options->trust));
    FUZZ_HOLDS(options->password_fd >= -1 && options->new_password_fd >= -1);
}

static void check_file(struct span in)
{
    struct settings settings;
    struct options options;
    options_defaults(&options);
    fuzz_write_file(path, in);
    enum status status = settings_fill(&settings, &options);
    FUZZ_HOLDS(status == STATUS_OK || status == STATUS_CONFIG);
    if (status == STATUS_OK) {
        check_options(&options);
        FUZZ_HOLDS(options.timeout_ms > 0);
        FUZZ_HOLDS(options.server == NULL || options.exec == NULL);
    }
    settings_free(&settings);
}

static void check_arguments(struct span in)
{
    char text[ARGUMENTS][256], name[] = "secmsg", taken[OPTIONS_TAKEN_SIZE];
    char *argv[ARGUMENTS + 2] = {name};
    int argc = 1, first = 0;
    while (in.len > 0 && argc <= ARGUMENTS) {
        const uint8_t *end = memchr(in.data, '\n', in.len);
        struct span one = fuzz_take(&in, end != NULL ? (size_t)(end - in.data) : in.len);
        fuzz_take_byte(&in);
        argv[argc] = fuzz_text(one, text[argc - 1], sizeof(text[0]));
        argc++;
    }
    struct options options;
    options_defaults(&options);
    enum status status = options_parse(&options, argc, argv, &first, taken);
    FUZZ_HOLDS(status == STATUS_OK || status == STATUS_USAGE || status == STATUS_NO_INPUT);
    if (status == STATUS_OK) {
        check_options(&options);
        FUZZ_HOLDS(first >= 1 && first <= argc && strlen(taken) < sizeof(taken));
    }
}

void fuzz_one(struct span in)
{
    if (fuzz_take_byte(&in) % 2)
        check_arguments(in);
    else
        check_file(in);
}
