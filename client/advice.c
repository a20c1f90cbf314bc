/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advice.c: writes commands for people to copy: what a shell would change is quoted. */
#include "advice.h"

#include <errno.h>
#include <string.h>

#include "say.h"

#include "base/banned.h"

#define COMMAND_MAX ((size_t)64 << 10)

static enum err append_quoted(struct buf *out, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+./:@%[]";
    bool is_plain =
        value[0] != '\0' && value[strspn(value, plain)] == '\0' && strpbrk(value, "[]") == NULL;
    if (is_plain)
        return buf_append_str(out, value);
    enum err err = buf_append_byte(out, '\'');
    for (const char *c = value; err == ERR_OK && *c != '\0'; c++)
        err = *c == '\'' ? buf_append_str(out, "'\\''") : buf_append_byte(out, (uint8_t)*c);
    return err == ERR_OK ? buf_append_byte(out, '\'') : err;
}

static enum err append_option(struct buf *out, const char *option, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return ERR_OK;
    enum err err = buf_printf(out, "%s ", option);
    if (err == ERR_OK)
        err = append_quoted(out, value);
    return err == ERR_OK ? buf_append_byte(out, ' ') : err;
}

/* Who started secmsg by a path may not have it where the shell looks for it. */
static enum err append_program(struct buf *out)
{
    const char *path = program_invocation_name;
    enum err err = append_quoted(out, strchr(path, '/') != NULL ? path : "secmsg");
    return err == ERR_OK ? buf_append_byte(out, ' ') : err;
}

static enum err append_options(struct buf *out, const struct session *s, const char *user)
{
    const struct options *o = &s->options;
    enum err err = append_program(out);
    if (err == ERR_OK)
        err = append_option(out, "--home", o->home);
    if (err == ERR_OK && o->exec != NULL)
        err = append_option(out, "--exec", o->exec);
    else if (err == ERR_OK)
        err = append_option(out, "--server", s->address.text);
    if (err == ERR_OK && user != NULL)
        err = append_option(out, "--user", s->user);
    return err;
}

void advice_say_trust(const struct session *s, const char *user, const char *fingerprint)
{
    struct buf line = BUF_INIT(COMMAND_MAX), shown = BUF_INIT(4 * COMMAND_MAX);
    /* A prompt that meets another key at its start ends: the shell is where the command is typed then. */
    bool is_shell = !s->is_prompt || !s->has_host_key;
    enum err err = is_shell ? append_options(&line, s, user) : ERR_OK;
    if (err == ERR_OK)
        err = visible_append(&shown, buf_span(&line));
    if (err == ERR_OK)
        err = buf_append_byte(&shown, '\0');
    if (err == ERR_OK)
        say("  %strust %s %s", (const char *)shown.data, user != NULL ? user : "--host",
            fingerprint);
    else
        (void)say_failure(err, "can't show the command");
    buf_free(&line);
    buf_free(&shown);
}
