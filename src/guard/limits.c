/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where each setting is kept. The bounds are in base/setting.c. */
#include "guard/limits.h"

#include <stddef.h>
#include <string.h>

#include "base/setting.h"

#include "base/banned.h"

static const struct setting_place numbers[] = {
    {"max-connections", offsetof(struct guard_limits, connections)},
    {"max-connections-per-source", offsetof(struct guard_limits, connections_per_source)},
    {"max-before-login-per-source", offsetof(struct guard_limits, before_login_per_source)},
    {"penalty-login", offsetof(struct guard_limits, penalty[GUARD_FAILED_LOGIN])},
    {"penalty-junk", offsetof(struct guard_limits, penalty[GUARD_JUNK])},
    {"penalty-grace", offsetof(struct guard_limits, penalty[GUARD_GRACE])},
    {"penalty-min", offsetof(struct guard_limits, penalty_min)},
    {"penalty-max", offsetof(struct guard_limits, penalty_max)},
    {"registration-rate", offsetof(struct guard_limits, registrations)},
    {"registration-rate-per-source", offsetof(struct guard_limits, registrations_per_source)},
};

/* Who comes from this machine may be a proxy that everybody comes through: one of them could lock out all others. */
static const char loopback[] = "127.0.0.0/8,::1";

void limits_default(struct guard_limits *limits)
{
    *limits = (struct guard_limits){
        .connections = 1024,
        .connections_per_source = 256,
        .before_login_per_source = 64,
        .penalty = {[GUARD_FAILED_LOGIN] = 5, [GUARD_JUNK] = 10, [GUARD_GRACE] = 10},
        .penalty_min = 15,
        .penalty_max = 600,
        .registrations = 1000,
        .registrations_per_source = 60,
    };
    if (source_list_parse(&limits->exempt, loopback))
        limits->exempt.n = 0;
}

enum err limits_set(struct guard_limits *limits, const char *name, const char *value)
{
    if (strcmp(name, "penalty-exempt") == 0)
        return source_list_parse(&limits->exempt, value) ? ERR_MALFORMED : ERR_OK;
    return setting_keep_number(numbers, sizeof(numbers) / sizeof(numbers[0]), limits, name, value);
}
