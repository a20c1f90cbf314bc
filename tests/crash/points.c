/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts the passes of each named point by the operation that came there, and dies at one of them.
 * Invariant: the same run makes the same passes, so that a count says which deaths there can be. */
#include "tests/crash/points.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/gdbm/point.h"

#include "base/banned.h"

#define PASSES 200

struct pass {
    const char *doing;
    const char *point;
    unsigned long n;
};

static struct {
    const char *doing;
    struct pass passes[PASSES];
    char die_doing[40];
    char die_point[80];
    unsigned long die_at;
    unsigned long matched;
} points = {.doing = "open"};

static void count(const char *point)
{
    struct pass *p = points.passes;
    while (p->n > 0 && (strcmp(p->doing, points.doing) != 0 || strcmp(p->point, point) != 0))
        p++;
    if (p == points.passes + PASSES - 1)
        abort();
    *p = (struct pass){.doing = points.doing, .point = point, .n = p->n + 1};
}

static void pass(const char *point)
{
    bool is_doing =
        strcmp(points.die_doing, "*") == 0 || strcmp(points.die_doing, points.doing) == 0;
    count(point);
    if (is_doing && strcmp(points.die_point, point) == 0 && ++points.matched == points.die_at)
        kill(getpid(), SIGKILL);
}

static void write_counts(void)
{
    FILE *file = fopen(getenv("POINTS_COUNT"), "w");
    for (const struct pass *p = points.passes; file != NULL && p->n > 0; p++)
        fprintf(file, "%lu %s/%s\n", p->n, p->doing, p->point);
    if (file == NULL || fclose(file) != 0)
        abort();
}

static void parse_death(const char *text)
{
    char all[120];
    char *rest = all;
    snprintf(all, sizeof(all), "%s", text);
    snprintf(points.die_doing, sizeof(points.die_doing), "%s", strsep(&rest, "/"));
    if (rest != NULL)
        snprintf(points.die_point, sizeof(points.die_point), "%s", strsep(&rest, "/"));
    if (rest == NULL)
        abort();
    points.die_at = strtoul(rest, NULL, 10);
}

void points_begin(void)
{
    if (getenv("POINTS_DIE") != NULL)
        parse_death(getenv("POINTS_DIE"));
    if (getenv("POINTS_COUNT") != NULL && atexit(write_counts) != 0)
        abort();
    point_hook = pass;
}

void points_doing(const char *operation)
{
    points.doing = operation;
}
