/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard_fixture.h: a guard in a directory of the test's own, with limits and sources that the test chooses. */
#ifndef SECMSG_TESTS_UNIT_GUARD_FIXTURE_H
#define SECMSG_TESTS_UNIT_GUARD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guard/guard.h"
#include "guard/layout.h"
#include "guard/limits.h"
#include "tests/unit/temporary.h"

#define GUARD_TEST(test) cmocka_unit_test_setup_teardown(test, guard_begin, guard_end)
#define GUARD_UNUSED     __attribute__((unused))

#define START_MS UINT64_C(5000000)

static struct guard guard; /* this process's */
static struct guard_limits limits;
static uint64_t now_ms;

static GUARD_UNUSED struct source_peer peer_at(const char *text)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    struct source_peer peer;
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&address)->sin_addr) != 1) {
        address.ss_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&address)->sin6_addr),
                         1);
    }
    source_peer_from(&peer, &address);
    return peer;
}

static GUARD_UNUSED const struct source_peer local = {.source = SOURCE_LOCAL};

static GUARD_UNUSED int guard_begin(void **state)
{
    limits_default(&limits);
    assert_int_equal(limits_set(&limits, "penalty-exempt", "none"), ERR_OK);
    now_ms = START_MS;
    int status = temporary_enter(state);
    assert_int_equal(guard_open(&guard, ".", &limits), ERR_OK);
    return status;
}

static GUARD_UNUSED int guard_end(void **state)
{
    guard_close(&guard);
    return temporary_leave(state);
}

/* This process is another connection, from there. */
static GUARD_UNUSED enum guard_verdict enter_from(const char *text, uint64_t *retry_s)
{
    struct source_peer peer = peer_at(text);
    guard_leave(&guard);
    return guard_enter(&guard, &peer, now_ms, retry_s);
}

static GUARD_UNUSED bool is_let_in(const char *text)
{
    uint64_t retry_s;
    enum guard_verdict verdict = enter_from(text, &retry_s);
    guard_leave(&guard);
    return verdict == GUARD_ADMITTED;
}

/* Somebody there does that, n times. */
static GUARD_UNUSED void offend(const char *text, enum guard_offence offence, unsigned n)
{
    uint64_t retry_s;
    enum guard_verdict verdict = enter_from(text, &retry_s);
    assert_int_equal(verdict, GUARD_ADMITTED);
    for (unsigned i = 0; i < n; i++)
        guard_penalise(&guard, offence, now_ms);
    guard_leave(&guard);
}

static GUARD_UNUSED struct guard_totals totals_now(void)
{
    struct guard_totals totals;
    assert_int_equal(guard_total(&guard, now_ms, &totals), ERR_OK);
    return totals;
}

/* A process of its own with a connection from there, which stays until it is killed. What it was told is in
 * *verdict. */
static GUARD_UNUSED pid_t start_connection(const char *text, enum guard_verdict *verdict)
{
    int ends[2];
    struct source_peer peer = text ? peer_at(text) : local;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uint64_t retry_s;
        struct guard own;
        assert_int_equal(guard_open(&own, ".", &limits), ERR_OK);
        enum guard_verdict mine = guard_enter(&own, &peer, now_ms, &retry_s);
        if (write(ends[1], &mine, sizeof(mine)) != (ssize_t)sizeof(mine))
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], verdict, sizeof(*verdict)), sizeof(*verdict));
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static GUARD_UNUSED void kill_connection(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
