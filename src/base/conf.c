/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files: whatever is wrong in one is told with its file and line. */
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/setting.h"

#include "base/banned.h"

#define FILE_MAX ((size_t)65536)

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

/* One line, cut at its LF. On an error wrong[size] says what is wrong with it. */
static enum err take_line(char *line, conf_setter *set, void *context, char *wrong, size_t size)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return ERR_OK;
    char *equals = strchr(line, '=');
    if (!equals) {
        snprintf(wrong, size, "expected `name = value`");
        return ERR_MALFORMED;
    }
    *equals = '\0';
    const char *name = trim(line);
    enum err e = set(context, name, trim(equals + 1));
    if (!e)
        return ERR_OK;
    setting_describe(name, wrong, size);
    if (e == ERR_NOT_FOUND)
        snprintf(wrong, size, "unknown name %s; secmsg.conf(5) has the names there are",
                 log_quote(name).text);
    else if (*wrong == '\0')
        snprintf(wrong, size, "bad value of %s", log_quote(name).text);
    return ERR_MALFORMED;
}

/* A path may have been given by anybody, and must not drive the terminal that shows it. */
static struct log_value show_path(const char *path)
{
    struct log_value shown;
    bool is_plain = strlen(path) < sizeof(shown.text);
    for (const char *at = path; *at != '\0'; at++)
        is_plain &= *at >= ' ' && *at <= '~';
    if (!is_plain)
        return log_escape(span_str(path));
    snprintf(shown.text, sizeof(shown.text), "%s", path);
    return shown;
}

static enum err read_text(const char *path, struct buf *text, char *message, size_t size)
{
    enum err e = file_read(AT_FDCWD, path, text);
    if (!e && text->len > 0 && memchr(text->data, 0, text->len))
        e = ERR_MALFORMED;
    if (!e)
        e = buf_append_byte(text, '\0');
    if (e == ERR_IO)
        snprintf(message, size, "%s: %s", show_path(path).text, strerror(errno));
    else if (e)
        snprintf(message, size, "%s: %s", show_path(path).text, err_text(e));
    return e;
}

enum err conf_read(const char *path, conf_setter *set, void *context, char *message, size_t size)
{
    struct buf text = BUF_INIT(FILE_MAX + 1); /* and a zero */
    enum err e = read_text(path, &text, message, size);
    char *next = e ? NULL : (char *)text.data;
    for (unsigned line = 1; next && !e; line++) {
        char *start = next, *end = strchr(start, '\n');
        if (end)
            *end = '\0';
        next = end ? end + 1 : NULL;
        char wrong[512];
        e = take_line(start, set, context, wrong, sizeof(wrong));
        if (e)
            snprintf(message, size, "%s:%u: %s", show_path(path).text, line, wrong);
    }
    buf_free(&text);
    return e;
}

/* The power of two that a suffix stands for, or -1. */
static int suffix_shift(const char *suffix)
{
    static const struct {
        const char *suffix;
        int shift;
    } table[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(suffix, table[i].suffix) == 0)
            return table[i].shift;
    return -1;
}

enum err conf_number(const char *value, uint64_t least, uint64_t most, uint64_t *number)
{
    uint64_t n = 0;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 15)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (uint64_t)(value[i] - '0');
    int shift = suffix_shift(value + digits);
    if (shift < 0 || n > UINT64_MAX >> shift)
        return ERR_MALFORMED;
    n <<= shift;
    if (n < least || n > most)
        return ERR_MALFORMED;
    *number = n;
    return ERR_OK;
}
