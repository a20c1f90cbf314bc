/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one fault that a process is to have, and when. Invariant: the same run counts the same calls, so that N
 * means the same place each time. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum fault { NONE, KILL, TEAR, STOP, FAIL, SHORT, FULL, COW, SYNC, READ, LESS, BIT, READ_ONLY };

static const char *const names[] = {"",    "kill", "tear", "stop", "fail", "short", "full",
                                    "cow", "sync", "read", "less", "bit",  "ro"};

static struct {
    enum fault fault;
    unsigned long n;
    int value; /* errno, or a bit's number */
    unsigned long changes, reads, syncs;
} plan;

__attribute__((constructor)) static void start(void)
{
    const char *text = getenv("FAULTS");
    char name[16] = "";
    if (text == NULL || sscanf(text, "%15[a-z]:%lu:%d", name, &plan.n, &plan.value) < 2)
        return;
    for (enum fault i = KILL; i <= READ_ONLY; i++) {
        if (strcmp(name, names[i]) == 0)
            plan.fault = i;
    }
}

__attribute__((destructor)) static void finish(void)
{
    const char *path = getenv("FAULTS_COUNT");
    char text[80];
    if (path == NULL)
        return;
    int fd = files_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int n = snprintf(text, sizeof(text), "%lu %lu %lu\n", plan.changes, plan.reads, plan.syncs);
    if (fd < 0 || bytes_write(fd, text, (size_t)n) != n)
        abort();
}

static enum verdict refuse(int error)
{
    errno = error;
    return REFUSE;
}

static enum verdict judge_hit(void)
{
    switch (plan.fault) {
    case KILL:
        kill(getpid(), SIGKILL);
        return PASS;
    case STOP:
        kill(getpid(), SIGSTOP);
        return PASS;
    case FAIL:
        return refuse(plan.value);
    case TEAR:
        return DIE_AFTER;
    case SHORT:
        return HALF;
    default:
        return PASS;
    }
}

enum verdict plan_judge_change(bool needs_room)
{
    plan.changes++;
    if (plan.fault == READ_ONLY)
        return refuse(EROFS);
    if (plan.fault == FULL && plan.changes >= plan.n && needs_room)
        return refuse(ENOSPC);
    if (plan.fault == COW && plan.changes >= plan.n)
        return refuse(ENOSPC);
    return plan.changes == plan.n ? judge_hit() : PASS;
}

enum verdict plan_judge_sync(void)
{
    plan.syncs++;
    if (plan.fault == READ_ONLY)
        return PASS;
    enum verdict verdict = plan_judge_change(false);
    return plan.fault == SYNC && plan.syncs == plan.n ? refuse(plan.value) : verdict;
}

enum verdict plan_judge_read(void)
{
    if (++plan.reads != plan.n)
        return PASS;
    return plan.fault == READ   ? refuse(plan.value)
           : plan.fault == LESS ? HALF
           : plan.fault == BIT  ? FLIP
                                : PASS;
}

bool plan_is_read_only(void)
{
    if (plan.fault == READ_ONLY)
        errno = EROFS;
    return plan.fault == READ_ONLY;
}

void plan_flip(void *data, size_t n)
{
    size_t bit = n == 0 ? 0 : (size_t)plan.value % (8 * n);
    if (n > 0)
        ((uint8_t *)data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

void plan_die_if(enum verdict verdict)
{
    if (verdict == DIE_AFTER)
        kill(getpid(), SIGKILL);
}
