/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's configuration file and command line, of any bytes: what is taken is within its bounds. */
#include "handler/settings.h"

#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define ARGUMENTS 6

void fuzz_start(void)
{
}

static void check(const struct settings *s)
{
    FUZZ_HOLDS(s->hello_timeout >= 1 && s->hello_timeout <= 86400);
    FUZZ_HOLDS(s->login_timeout >= 1 && s->login_timeout <= 86400);
    FUZZ_HOLDS(s->idle_timeout >= 1 && s->idle_timeout <= 86400);
    FUZZ_HOLDS(s->max_message >= 4096 && s->max_message <= 64 << 20);
    FUZZ_HOLDS(settings_max_frame(s) > s->max_message);
    FUZZ_HOLDS(s->quota.messages >= 1 && s->quota.bytes >= 4096);
    FUZZ_HOLDS(s->quota.per_sender_percent >= 1 && s->quota.per_sender_percent <= 100);
    FUZZ_HOLDS(s->quota.retention_days <= 36500);
    FUZZ_HOLDS(s->store[0] != '\0' && memchr(s->store, 0, sizeof(s->store)) != NULL);
    FUZZ_HOLDS(*settings_registration_name(s->registration) != '\0');
}

void fuzz_one(struct span in)
{
    static struct settings settings;
    char text[ARGUMENTS][128], message[256] = "", path[FUZZ_PATH_SIZE];
    char name[] = "secmsg-handler", config[] = "--config";
    char *argv[ARGUMENTS + 4] = {name, config, path};
    int argc = 3;
    for (unsigned n = fuzz_take_byte(&in) % (ARGUMENTS + 1); n > 0; n--, argc++)
        argv[argc] =
            fuzz_text(fuzz_take(&in, fuzz_take_byte(&in) % 128), text[argc - 3], sizeof(text[0]));
    int fd = fuzz_memory_file(in);
    fuzz_memory_path(path, fd);
    enum err e = settings_read(&settings, argc, argv, message, sizeof(message));
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED || e == ERR_DENIED || e == ERR_NOT_FOUND ||
               e == ERR_IO || e == ERR_TOO_LARGE);
    FUZZ_HOLDS(fuzz_is_printable(span_str(message)));
    FUZZ_HOLDS(e == ERR_OK || message[0] != '\0');
    if (e == ERR_OK && settings.task != TASK_HELP && settings.task != TASK_VERSION)
        check(&settings);
    close(fd);
}
