/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments.c: splits lines. Nothing but ~/ is expanded: what was typed is what is meant. */
#include "arguments.h"

#include <string.h>

#include "base/banned.h"

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Appends the word at *at, and a zero. */
static enum err take_word(struct buf *text, struct span line, size_t *at)
{
    uint8_t quote = 0;
    enum err err = ERR_OK;
    for (; err == ERR_OK && *at < line.len; (*at)++) {
        uint8_t byte = line.data[*at];
        if (quote == 0 && is_blank(byte))
            break;
        if (quote == 0 && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (quote != 0 && byte == quote) {
            quote = 0;
        } else if (byte == '\\' && quote != '\'') {
            if (++*at == line.len)
                return ERR_INCOMPLETE;
            err = buf_append_byte(text, line.data[*at]);
        } else {
            err = buf_append_byte(text, byte);
        }
    }
    if (err == ERR_OK && quote != 0)
        return ERR_INCOMPLETE;
    return err == ERR_OK ? buf_append_byte(text, 0) : err;
}

enum err arguments_split(struct arguments *arguments, struct span line, const char *home)
{
    size_t at = 0, home_len = home != NULL ? strlen(home) : 0;
    *arguments =
        (struct arguments){.text = BUF_INIT(line.len + ARGUMENTS_MAX * (home_len + 1) + 1)};
    /* All the room at once: argv points into it. */
    enum err err = buf_reserve(&arguments->text, arguments->text.max);
    while (err == ERR_OK) {
        while (at < line.len && is_blank(line.data[at]))
            at++;
        if (at == line.len)
            return ERR_OK;
        if (arguments->argc == ARGUMENTS_MAX) {
            err = ERR_TOO_LARGE;
            break;
        }
        size_t start = arguments->text.len;
        if (home_len > 0 && at + 1 < line.len && line.data[at] == '~' && line.data[at + 1] == '/') {
            err = buf_append_str(&arguments->text, home);
            at++;
        }
        if (err == ERR_OK)
            err = take_word(&arguments->text, line, &at);
        arguments->argv[arguments->argc++] = (char *)arguments->text.data + start;
    }
    arguments_free(arguments);
    return err;
}

void arguments_free(struct arguments *arguments)
{
    buf_free(&arguments->text);
    arguments->argc = 0;
    arguments->argv[0] = NULL;
}
