/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would make a run slow, or another one each time, in place of the real thing (the linker's --wrap):
 * password stretching, randomness. The clocks stand in for base/clock.c, which the linker leaves in its archive. */
#include "tests/fuzz/steady.h"

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/stretch.h"

enum err __wrap_stretch_root(uint8_t root[static STRETCH_ROOT_LEN], struct span password,
                             const uint8_t salt[static STRETCH_SALT_LEN]);
void __wrap_random_bytes(void *out, size_t n);
void __wrap_random_key(void *out, size_t n);

#define START_WALL    UINT64_C(1800000000)
#define START_RUNNING UINT64_C(100000)

static uint64_t passed_ms;
static uint64_t drawn;
static steady_waiter *on_wait;

void steady_begin(void)
{
    passed_ms = 0;
}

void steady_on_wait(steady_waiter *waiter)
{
    on_wait = waiter;
}

void steady_set_draw(uint64_t draw)
{
    drawn = draw;
}

void steady_pass(uint64_t seconds)
{
    passed_ms += seconds * 1000;
}

uint64_t clock_wall(void)
{
    return START_WALL + passed_ms / 1000;
}

uint64_t clock_running(void)
{
    return START_RUNNING + passed_ms / 1000;
}

uint64_t clock_running_ms(void)
{
    return START_RUNNING * 1000 + passed_ms;
}

/* Nothing is measured here, and no session is over its budget. */
uint64_t clock_processor_us(void)
{
    return 0;
}

uint64_t clock_monotonic_us(void)
{
    return passed_ms * 1000;
}

/* A clock that stands still would have loops with deadlines go on for ever. */
uint64_t clock_monotonic_ms(void)
{
    return ++passed_ms;
}

/* Nobody else is there to wait for: the time is up at once. */
int clock_poll_timeout(uint64_t deadline_ms)
{
    if (on_wait != NULL)
        on_wait();
    if (deadline_ms != CLOCK_NEVER && deadline_ms > passed_ms)
        passed_ms = deadline_ms;
    return 0;
}

enum err __wrap_stretch_root(uint8_t root[static STRETCH_ROOT_LEN], struct span password,
                             const uint8_t salt[static STRETCH_SALT_LEN])
{
    if (password.len == 0 || password.len > STRETCH_PASSWORD_MAX)
        return ERR_MALFORMED;
    hash_sha256(root, SPANS(password, span_of(salt, STRETCH_SALT_LEN)));
    return ERR_OK;
}

void steady_draw(uint8_t *out, size_t n, uint64_t from)
{
    uint8_t block[HASH_LEN];
    for (size_t i = 0; i < n; i++) {
        uint64_t at[2] = {from, i / HASH_LEN};
        if (i % HASH_LEN == 0)
            hash_sha256(block, SPANS(span_of(at, sizeof(at))));
        out[i] = block[i % HASH_LEN];
    }
}

void __wrap_random_bytes(void *out, size_t n)
{
    steady_draw(out, n, drawn++);
}

void __wrap_random_key(void *out, size_t n)
{
    steady_draw(out, n, drawn++);
}
