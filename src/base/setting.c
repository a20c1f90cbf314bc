/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one table of settings: names, bounds and words. What they mean is each program's own affair. */
#include "base/setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"

#include "base/banned.h"

#define DAY     ((uint64_t)86400)
#define MANY    ((uint64_t)1 << 40)
#define CHOICES 6

struct setting {
    const char *name;
    uint64_t least, most; /* of a number: most isn't 0 */
    const char *choices[CHOICES];
    const char *text; /* what else it takes */
};

static const struct setting settings[] = {
    {"store", 0, 0, {NULL}, "a path that begins with /"},
    {"hello-timeout", 1, DAY, {NULL}, NULL},
    {"login-timeout", 1, DAY, {NULL}, NULL},
    {"idle-timeout", 1, DAY, {NULL}, NULL},
    {"max-message", 4096, 64 * 1024 * 1024, {NULL}, NULL},
    {"mailbox-messages", 1, 1000000, {NULL}, NULL},
    {"mailbox-bytes", 4096, MANY, {NULL}, NULL},
    {"mailbox-per-sender", 1, 100, {NULL}, NULL},
    {"disk-reserve", 0, MANY, {NULL}, NULL},
    {"retention-days", 0, 36500, {NULL}, NULL},
    {"registration", 0, 0, {"open", "invite", "closed"}, NULL},
    {"max-connections", 1, 4096, {NULL}, NULL},
    {"max-connections-per-source", 1, 4096, {NULL}, NULL},
    {"max-before-login-per-source", 1, 4096, {NULL}, NULL},
    {"max-load", 0, 10000, {NULL}, NULL},
    {"penalty-login", 0, DAY, {NULL}, NULL},
    {"penalty-junk", 0, DAY, {NULL}, NULL},
    {"penalty-grace", 0, DAY, {NULL}, NULL},
    {"penalty-min", 0, DAY, {NULL}, NULL},
    {"penalty-max", 0, DAY, {NULL}, NULL},
    {"penalty-exempt", 0, 0, {NULL}, "addresses and networks like 192.0.2.0/24, or none"},
    {"registration-rate", 1, 100000, {NULL}, NULL},
    {"registration-rate-per-source", 1, 100000, {NULL}, NULL},
    {"confinement", 0, 0, {"best-effort", "required"}, NULL},
    {"log-level", 0, 0, {"error", "warning", "notice", "info", "debug"}, NULL},
};

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(name, settings[i].name) == 0)
            return &settings[i];
    return NULL;
}

/* systemd hands over its directories separated by colons; the first is ours. */
enum err setting_default_store(char *path, size_t size)
{
    const char *state = getenv("STATE_DIRECTORY");
    size_t n = state == NULL ? 0 : strcspn(state, ":");
    if (n >= size)
        return ERR_MALFORMED;
    if (n == 0)
        snprintf(path, size, SETTING_STORE);
    else
        snprintf(path, size, "%.*s", (int)n, state);
    return ERR_OK;
}

enum err setting_number(const char *name, const char *value, uint64_t *number)
{
    const struct setting *s = find(name);
    if (s == NULL || s->most == 0)
        return ERR_NOT_FOUND;
    return conf_number(value, s->least, s->most, number);
}

enum err setting_keep_number(const struct setting_place *places, size_t n, void *owner,
                             const char *name, const char *value)
{
    uint64_t number;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, places[i].name) != 0)
            continue;
        enum err e = setting_number(name, value, &number);
        if (!e)
            memcpy((char *)owner + places[i].offset, &number, sizeof(number));
        return e;
    }
    return ERR_NOT_FOUND;
}

enum err setting_choice(const char *name, const char *value, size_t *choice)
{
    const struct setting *s = find(name);
    if (s == NULL || s->choices[0] == NULL)
        return ERR_NOT_FOUND;
    for (size_t i = 0; s->choices[i] != NULL; i++)
        if (strcmp(value, s->choices[i]) == 0) {
            *choice = i;
            return ERR_OK;
        }
    return ERR_MALFORMED;
}

enum err setting_check(const char *name, const char *value)
{
    uint64_t number;
    size_t choice;
    const struct setting *s = find(name);
    if (s == NULL)
        return ERR_NOT_FOUND;
    if (s->most != 0)
        return setting_number(name, value, &number);
    if (s->choices[0] != NULL)
        return setting_choice(name, value, &choice);
    return *value == '\0' ? ERR_MALFORMED : ERR_OK;
}

void setting_describe(const char *name, char *text, size_t size)
{
    const struct setting *s = find(name);
    *text = '\0';
    if (s == NULL)
        return;
    if (s->most != 0) {
        snprintf(text, size, "%s takes a number from %" PRIu64 " to %" PRIu64, name, s->least,
                 s->most);
        return;
    }
    int n = snprintf(text, size, "%s takes %s", name, s->text ? s->text : s->choices[0]);
    for (size_t i = 1; s->choices[0] && s->choices[i] && n > 0 && (size_t)n < size; i++)
        n += snprintf(text + n, size - (size_t)n, s->choices[i + 1] ? ", %s" : " or %s",
                      s->choices[i]);
}
