/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings files: each line is taken or named, and numbers keep their bounds. */
#include "base/conf.h"

#include <unistd.h>

#include "base/setting.h"
#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

static enum err set(void *context, const char *name, const char *value)
{
    uint64_t number;
    size_t choice;
    char text[256];
    ++*(unsigned *)context;
    FUZZ_HOLDS(strpbrk(name, "\n=") == NULL && strchr(value, '\n') == NULL);
    enum err e = setting_check(name, value);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_MALFORMED);
    setting_describe(name, text, sizeof(text));
    FUZZ_HOLDS((e == ERR_NOT_FOUND) == (text[0] == '\0'));
    if (setting_number(name, value, &number) == ERR_OK)
        FUZZ_HOLDS(e == ERR_OK && number <= UINT64_C(1) << 40);
    if (setting_choice(name, value, &choice) == ERR_OK)
        FUZZ_HOLDS(e == ERR_OK && choice < 5);
    if (conf_number(value, 3, 5000, &number) == ERR_OK)
        FUZZ_HOLDS(number >= 3 && number <= 5000);
    return e;
}

void fuzz_one(struct span in)
{
    char path[FUZZ_PATH_SIZE], message[256] = "";
    unsigned calls = 0;
    int fd = fuzz_memory_file(in);
    fuzz_memory_path(path, fd);
    enum err e = conf_read(path, set, &calls, message, sizeof(message));
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED || e == ERR_TOO_LARGE);
    FUZZ_HOLDS(e == ERR_OK || message[0] != '\0');
    FUZZ_HOLDS(memchr(message, 0, sizeof(message)) != NULL);
    FUZZ_HOLDS(fuzz_is_printable(span_str(message)));
    FUZZ_HOLDS(calls <= in.len);
    close(fd);
}
