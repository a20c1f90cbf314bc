/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view.h: what guard_visit and guard_total show of the file. */
#ifndef SECMSG_TESTS_FUZZ_GUARD_FILE_VIEW_H
#define SECMSG_TESTS_FUZZ_GUARD_FILE_VIEW_H

#include "tests/fuzz/targets/guard_file/scene.h"

#define VIEW_SLACK_MS 1000 /* that the guard grants to clocks */

struct view {
    const struct guard *guard;
    uint64_t stop_at; /* the sight at which it is enough; 0: never */
    uint64_t seen, last;
    uint64_t connected, sources, penalised, penalties;
};

/* What a connection from there meets. */
struct view_source {
    uint64_t connected;                 /* all */
    uint64_t connections, before_login; /* its own */
    uint64_t network,
        network_before_login; /* of the IPv6 network of 48 bits that it is in, or its own */
    uint64_t penalty_ms;
    bool is_refused;
    uint64_t given[GUARD_OFFENCES]; /* zero without a penalty */
};

struct view_source view_source(const struct guard *guard, uint64_t source);

/* All that there is to see, each sight within its bounds. This is slow. */
struct view view_look(const struct guard *guard);

struct guard_totals view_total(void);

/* Whoever looks sees the same, by whatever call. */
void view_check(struct span *in);

#endif
