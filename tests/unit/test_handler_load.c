/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine with much to do refuses. tests/e2e/test_high_load.py has the connections. */
#include "handler/load.h"

#include "base/clock.h"
#include "handler/reply.h"
#include "tests/unit/guard_fixture.h"

#include "base/banned.h"

static struct settings settings;
static struct session session = {.settings = &settings, .guard = &guard};

static struct reply reply;

/* As if the kernel had just told this load, in percent. If it was asked meanwhile, since this process stood still: again. */
static enum code check(enum load_use use, uint64_t load)
{
    uint64_t asked;
    enum code code;
    do {
        reply = (struct reply){.has_body = false};
        asked = clock_running_ms();
        guard.file->pressure.load = load;
        guard.file->pressure.asked = asked;
        code = load_check(&session, use, &reply);
    } while (guard.file->pressure.asked != asked);
    return code;
}

static void registering_ends_first_then_sending(void **state)
{
    (void)state;
    settings.guard = limits;
    settings.max_load = 4;
    assert_int_equal(check(LOAD_REGISTER, 400), CODE_NONE);
    assert_int_equal(check(LOAD_REGISTER, 401), CODE_BUSY);
    assert_int_equal(check(LOAD_COMPOSE, 401), CODE_NONE);
    assert_int_equal(check(LOAD_COMPOSE, 600), CODE_NONE);
    assert_int_equal(check(LOAD_COMPOSE, 601), CODE_BUSY);
    assert_int_equal(check(LOAD_REGISTER, 601), CODE_BUSY);
}

static void the_refusal_says_how_long(void **state)
{
    (void)state;
    char line[WIRE_HEAD_MAX + 1];
    settings.guard = limits;
    settings.max_load = 1;
    enum code code = check(LOAD_COMPOSE, UINT64_MAX);
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
    assert_int_equal(check(LOAD_REGISTER, UINT64_MAX), CODE_NONE);
    assert_int_equal(check(LOAD_COMPOSE, UINT64_MAX), CODE_NONE);
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
