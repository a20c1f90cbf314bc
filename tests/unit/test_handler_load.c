/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine with much to do refuses. tests/e2e/test_high_load.py has the connections. */
#include "handler/load.h"

#include "base/clock.h"
#include "handler/reply.h"
#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

static struct settings settings;
static struct session session = {.settings = &settings, .guard = &guard};

/* As if the kernel had been asked just now, and had told this load, in percent. */
static void set_load(uint64_t load)
{
    guard.file->pressure.load = load;
    guard.file->pressure.asked = clock_running_ms();
}

static enum code check(enum load_use use)
{
    struct reply reply = {.has_body = false};
    return load_check(&session, use, &reply);
}

static void registering_ends_first_then_sending(void **state)
{
    (void)state;
    settings.guard = limits;
    settings.max_load = 4;
    set_load(400);
    assert_int_equal(check(LOAD_REGISTER), CODE_NONE);
    set_load(401);
    assert_int_equal(check(LOAD_REGISTER), CODE_BUSY);
    assert_int_equal(check(LOAD_COMPOSE), CODE_NONE);
    set_load(600);
    assert_int_equal(check(LOAD_COMPOSE), CODE_NONE);
    set_load(601);
    assert_int_equal(check(LOAD_COMPOSE), CODE_BUSY);
    assert_int_equal(check(LOAD_REGISTER), CODE_BUSY);
}

static void the_refusal_says_how_long(void **state)
{
    (void)state;
    char line[WIRE_HEAD_MAX + 1];
    struct reply reply = {.has_body = false};
    settings.guard = limits;
    settings.max_load = 1;
    set_load(UINT64_MAX);
    enum code code = load_check(&session, LOAD_COMPOSE, &reply);
    assert_true(
        span_is(reply_head(line, code, &reply),
                "ERR busy retry-after=30 the server has too much to do for new messages just "
                "now"));
}

static void without_a_limit_no_load_is_too_much(void **state)
{
    (void)state;
    settings.guard = limits;
    settings.max_load = 0;
    set_load(UINT64_MAX);
    assert_int_equal(check(LOAD_REGISTER), CODE_NONE);
    assert_int_equal(check(LOAD_COMPOSE), CODE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(registering_ends_first_then_sending),
        GUARD_TEST(the_refusal_says_how_long),
        GUARD_TEST(without_a_limit_no_load_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
