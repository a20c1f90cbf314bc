/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.c: fills options from the environment, then from a file. Nothing that was given before is
 * replaced. */
#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "base/conf.h"
#include "say.h"
#include "visible.h"

#include "base/banned.h"

#define DEFAULT_TIMEOUT_MS 30000
#define MESSAGE_SIZE       (PATH_MAX + 128)

enum setting {
    SETTING_SERVER,
    SETTING_EXEC,
    SETTING_USER,
    SETTING_HOME,
    SETTING_PASSWORD_FILE,
    SETTING_TIMEOUT,
    SETTING_JSON,
    SETTING_TRUST,
};

static const struct row {
    const char *name;
    const char *variable;
} rows[] = {
    [SETTING_SERVER] = {"server", "SECMSG_SERVER"},
    [SETTING_EXEC] = {"exec", "SECMSG_EXEC"},
    [SETTING_USER] = {"user", "SECMSG_USER"},
    [SETTING_HOME] = {"home", "SECMSG_HOME"},
    [SETTING_PASSWORD_FILE] = {"password-file", "SECMSG_PASSWORD_FILE"},
    [SETTING_TIMEOUT] = {"timeout", "SECMSG_TIMEOUT"},
    [SETTING_JSON] = {"json", "SECMSG_JSON"},
    [SETTING_TRUST] = {"trust", "SECMSG_TRUST"},
};
#define COUNT (sizeof(rows) / sizeof(rows[0]))

_Static_assert(COUNT <= SETTINGS_COUNT, "struct settings has room for all");

const char *settings_name(size_t i, const char **variable)
{
    if (i >= COUNT)
        return NULL;
    if (variable != NULL)
        *variable = rows[i].variable;
    return rows[i].name;
}

static const char *get_variable(size_t i)
{
    const char *value = getenv(rows[i].variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
}

/* What is wrong with a value that has a form, or NULL; the rest is checked where it is used. */
static const char *find_fault(size_t i, const char *value)
{
    struct options tried;
    struct address address;
    char user[FIELD_USER_SIZE];
    bool is_no = strcmp(value, "no") == 0 || strcmp(value, "0") == 0;
    if (value[0] == '\0')
        return "it is empty";
    switch (i) {
    case SETTING_SERVER:
        return address_parse(&address, value) == ERR_OK
                   ? NULL
                   : "it wants HOST, HOST:PORT or [IPV6]:PORT, or one of these behind secmsg://";
    case SETTING_USER:
        return options_take_name(user, value)
                   ? NULL
                   : "it wants a name: 1-32 of a-z 0-9 . _ -, beginning with a letter or a digit";
    case SETTING_HOME:
        return value[0] == '/' ? NULL : "it wants a path that begins with /";
    case SETTING_TIMEOUT:
        return options_take_timeout(&tried, value) ? NULL : "it wants seconds, 1 to 86400";
    case SETTING_JSON:
        return is_yes(value) || is_no ? NULL : "it wants yes or no";
    case SETTING_TRUST:
        return options_is_trust(value) ? NULL : "it wants first-use or strict";
    default:
        return NULL;
    }
}

static enum err keep(void *context, const char *name, const char *value)
{
    struct settings *settings = context;
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        settings->fault =
            settings->values[i] != NULL ? "it stands there twice" : find_fault(i, value);
        if (settings->fault != NULL)
            return ERR_MALFORMED;
        settings->values[i] = strdup(value);
        return settings->values[i] != NULL ? ERR_OK : ERR_NO_MEMORY;
    }
    return ERR_NOT_FOUND;
}

static enum err find_path(char path[static PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int len = -1;
    if (config != NULL && config[0] == '/')
        len = snprintf(path, PATH_MAX, "%s/secmsg/secmsg.conf", config);
    else if (home != NULL && home[0] == '/')
        len = snprintf(path, PATH_MAX, "%s/.config/secmsg/secmsg.conf", home);
    return len > 0 && len < PATH_MAX ? ERR_OK : ERR_NOT_FOUND;
}

/* It names a command to run: it must be written by nobody else. */
static enum status check_owner(const char *path)
{
    struct stat st;
    struct visible_value shown = visible_value(span_str(path));
    if (stat(path, &st) != 0)
        return STATUS_OK;
    if ((st.st_uid == geteuid() || st.st_uid == 0) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return STATUS_OK;
    say("others can change %s, which may name a command to run. Make it yours alone: chmod 600.",
        shown.text);
    return STATUS_CONFIG;
}

static enum status say_both(const char *where)
{
    struct visible_value shown = visible_value(span_str(where));
    say("%s: give either a server or a command (exec), not both.", shown.text);
    return STATUS_CONFIG;
}

static enum status read_file(struct settings *settings)
{
    char path[PATH_MAX], message[MESSAGE_SIZE];
    if (find_path(path) != ERR_OK)
        return STATUS_OK;
    enum status status = check_owner(path);
    if (status != STATUS_OK)
        return status;
    enum err err = conf_read(path, keep, settings, message, sizeof(message));
    if (err == ERR_NOT_FOUND)
        return STATUS_OK;
    if (err != ERR_OK) {
        struct visible_value shown = visible_value(span_str(message));
        const char *fault = settings->fault;
        say("%s%s%s.", shown.text, fault != NULL ? ": " : "", fault != NULL ? fault : "");
        return STATUS_CONFIG;
    }
    bool has_both =
        settings->values[SETTING_SERVER] != NULL && settings->values[SETTING_EXEC] != NULL;
    return has_both ? say_both(path) : STATUS_OK;
}

static enum status check_variables(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        const char *value = get_variable(i);
        const char *fault = value != NULL ? find_fault(i, value) : NULL;
        if (fault == NULL)
            continue;
        struct visible_value shown = visible_value(span_str(value));
        say("%s is \"%s\": %s.", rows[i].variable, shown.text, fault);
        return STATUS_CONFIG;
    }
    bool has_both = get_variable(SETTING_SERVER) != NULL && get_variable(SETTING_EXEC) != NULL;
    return has_both ? say_both("SECMSG_SERVER and SECMSG_EXEC") : STATUS_OK;
}

static const char *choose(const char *given, const char *value)
{
    return given != NULL ? given : value;
}

/* A server that was given replaces a command from further down, and the other way round. */
static void fill_server(const char *const values[static COUNT], struct options *options)
{
    if (options->server != NULL || options->exec != NULL)
        return;
    options->server = values[SETTING_SERVER];
    options->exec = values[SETTING_EXEC];
}

static void fill_others(const char *const values[static COUNT], struct options *options)
{
    const char *timeout = values[SETTING_TIMEOUT];
    options->user = choose(options->user, values[SETTING_USER]);
    options->home = choose(options->home, values[SETTING_HOME]);
    options->trust = choose(options->trust, values[SETTING_TRUST]);
    if (options->password_fd < 0)
        options->password_file = choose(options->password_file, values[SETTING_PASSWORD_FILE]);
    if (options->timeout_ms == 0 && timeout != NULL)
        (void)options_take_timeout(options, timeout);
}

enum status settings_fill(struct settings *settings, struct options *options)
{
    const char *variables[COUNT], *values[COUNT];
    *settings = (struct settings){.values = {NULL}};
    enum status status = check_variables();
    if (status == STATUS_OK)
        status = read_file(settings);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < COUNT; i++) {
        variables[i] = get_variable(i);
        values[i] = settings->values[i];
    }
    const char *json = choose(variables[SETTING_JSON], values[SETTING_JSON]);
    options->is_json = options->is_json || (json != NULL && is_yes(json));
    fill_server(variables, options);
    fill_server(values, options);
    fill_others(variables, options);
    fill_others(values, options);
    if (options->timeout_ms == 0)
        options->timeout_ms = DEFAULT_TIMEOUT_MS;
    return STATUS_OK;
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < COUNT; i++)
        free(settings->values[i]);
    *settings = (struct settings){.values = {NULL}};
}
