/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guard's shared file, with any bytes in it. One whose header isn't as it was made is made anew; of all others
 * every function of src/guard does what guard.h says, whatever stands behind the header: limits hold, answers are in
 * their bounds and agree with each other, penalties and counters add up. Once the longest time there is has passed,
 * garbage holds back nobody. The input is the bytes, and what four handlers and an operator do with them. */
#include "guard/guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/fault.h"
#include "guard/limits.h"
#include "tests/fuzz/steady.h"
#include "tests/fuzz/targets/guard_file/garbage.h"
#include "tests/fuzz/targets/guard_file/use.h"
#include "tests/fuzz/targets/guard_file/view.h"

#define HANDLERS 4
#define ACTIONS  24
#define LEASE_S  1200 /* that garbage has, where it is taken for a connection */
#define BEHIND_S 62   /* that a handler's clock may be behind, and some rounding */
#define MARK     7    /* the code of an answer that is counted, to know the file by */

struct guard_limits scene_limits;
struct guard scene, scene_operator;
struct source_peer scene_peers[PEERS];
uint64_t scene_now_ms;

static struct guard handlers[HANDLERS];
static char path[300];
static bool is_cut;

void scene_pass(uint64_t seconds)
{
    steady_pass(seconds);
    scene_now_ms = clock_running_ms();
}

static void set_peer(struct source_peer *peer, const char *text)
{
    struct sockaddr_storage address = {.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET};
    void *to = address.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
                                            : &((struct sockaddr_in6 *)&address)->sin6_addr;
    FUZZ_HOLDS(inet_pton(address.ss_family, text, to) == 1);
    source_peer_from(peer, &address);
}

void fuzz_start(void)
{
    static const char *const texts[] = {"192.0.2.1",     "203.0.113.7",   "203.0.113.8",
                                        "2001:db8:5::1", "2001:db8:6::1", "::1"};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set_peer(&scene_peers[1 + i], texts[i]);
    snprintf(path, sizeof(path), "%s/" GUARD_FILE, fuzz_directory());
    FUZZ_OK(guard_open(&scene, fuzz_directory(), &scene_limits));
    FUZZ_HOLDS(scene.is_shared);
}

static uint64_t choose(struct span *in, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t all[] = {a, b, c, d};
    return all[fuzz_take_byte(in) % 4];
}

static void set_limits(struct span *in)
{
    struct guard_limits *limits = &scene_limits;
    limits_default(limits);
    limits->connections = choose(in, 1024, 1, 3, GUARD_CONNECTIONS);
    limits->connections_per_source = choose(in, 256, 1, 2, GUARD_CONNECTIONS);
    for (unsigned i = 0; i < GUARD_OFFENCES; i++)
        limits->penalty[i] = choose(in, 10, 0, 1, GUARD_PENALTY_MOST);
    limits->penalty_min = choose(in, 15, 0, 1, GUARD_PENALTY_MOST);
    limits->penalty_max = choose(in, 600, 0, 10, GUARD_PENALTY_MOST);
    limits->registrations = choose(in, 1000, 1, 7, 100000);
    limits->registrations_per_source = choose(in, 60, 1, 3, 100000);
    uint8_t more = fuzz_take_byte(in);
    limits->before_login_per_source = more & 2 ? 1 + more / 64 : 64;
    FUZZ_OK(
        limits_set(limits, "penalty-exempt", more % 2 ? "192.0.2.0/24 2001:db8:5::/48" : "none"));
}

/* An IPv6 address of any bytes, or a mapped one. */
static void set_last_peer(struct span *in)
{
    struct sockaddr_storage address = {.ss_family = AF_INET6};
    struct span some = fuzz_take(in, 16);
    memcpy(&((struct sockaddr_in6 *)&address)->sin6_addr, some.data, some.len);
    source_peer_from(&scene_peers[PEERS - 1], &address);
}

/* ---- the file ---- */

/* As the next handler finds it: good, or made anew; who only looks finds it good, or says that it isn't. */
static void open_again(bool is_good)
{
    struct guard look;
    guard_close(&scene);
    enum err e = guard_look(&look, fuzz_directory());
    FUZZ_HOLDS(e == (is_good ? ERR_OK : ERR_UNSUPPORTED) && look.is_shared == is_good);
    FUZZ_HOLDS(look.file->counts.answers[MARK] == is_good);
    guard_close(&look);
    FUZZ_OK(guard_open(&scene, fuzz_directory(), &scene_limits));
    FUZZ_HOLDS(scene.is_shared && scene.file->counts.answers[MARK] == is_good);
    is_cut = false;
}

/* Some of the header is changed, or the size. */
static void change_header(struct span *in)
{
    struct layout_header before = scene.file->header;
    uint8_t *bytes = (uint8_t *)scene.file;
    size_t at = fuzz_take_number(in, sizeof(before));
    struct span change = fuzz_take(in, fuzz_take_number(in, 16));
    off_t size = fuzz_take_byte(in) % 4 ? (off_t)sizeof(struct guard_file)
                                        : (off_t)fuzz_take_number(in, 1 << 20);
    for (size_t i = 0; i < change.len && at + i < sizeof(before); i++)
        bytes[at + i] ^= change.data[i];
    bool is_good = size == (off_t)sizeof(struct guard_file) &&
                   memcmp(bytes, &before, offsetof(struct layout_header, since)) == 0;
    scene.file->counts.answers[MARK] = 1;
    FUZZ_HOLDS(truncate(path, size) == 0);
    open_again(is_good);
}

/* What the last input left is gone. */
static void begin(struct span *in)
{
    uint8_t *bytes = (uint8_t *)scene.file;
    const size_t header = sizeof(struct layout_header);
    memset(bytes + header, 0, sizeof(struct guard_file) - header);
    memset(scene.file->header.key, fuzz_take_byte(in), KEYED_HASH_KEY_LEN);
    for (unsigned i = 0; i < HANDLERS; i++) {
        handlers[i] = scene;
        handlers[i].self = scene.self + i;
    }
    static const struct guard_limits widest = {.penalty_max = GUARD_PENALTY_MOST};
    scene_operator = scene;
    scene_operator.limits = &widest;
}

/* The file loses its end, and whoever goes on finds it empty: at the latest when all of it was looked at. libFuzzer
 * has handlers of its own for signals. */
static void cut(struct span *in)
{
    fault_watch(scene.file, sizeof(struct guard_file));
    FUZZ_HOLDS(truncate(path, (off_t)fuzz_take_number(in, sizeof(struct guard_file))) == 0);
    is_cut = true;
    for (size_t at = 0; at < sizeof(struct guard_file); at += 4096)
        (void)*((volatile uint8_t *)scene.file + at);
}

/* ---- the program ---- */

static void act(struct span *in)
{
    uint8_t action = fuzz_take_byte(in), who = fuzz_take_byte(in);
    struct guard *guard = &handlers[who % HANDLERS];
    struct source_peer *peer = &scene_peers[who / HANDLERS % PEERS];
    switch (action % 16) {
    case 0:
    case 1:
    case 2:
        (void)use_enter(guard, peer);
        break;
    case 3:
        guard_leave(guard);
        break;
    case 4:
        guard_renew(guard, scene_now_ms);
        if (who / HANDLERS % 2)
            guard_log_in(guard);
        break;
    case 5:
    case 6:
        use_penalise(guard, who / HANDLERS % GUARD_OFFENCES);
        break;
    case 7:
        use_register(guard, who / HANDLERS % 2);
        break;
    case 8:
        scene_pass(fuzz_take_number(in, 7200));
        break;
    case 9:
        view_check(in);
        break;
    case 10:
        use_clear(peer);
        break;
    case 11:
        use_clear_all();
        break;
    case 12:
        use_count(in);
        break;
    case 13:
        use_pressure();
        break;
    case 14:
        garbage_spill(in);
        break;
    default:
        if (!is_cut)
            cut(in);
    }
}

static enum guard_verdict come_and_go(const struct source_peer *peer)
{
    uint64_t retry_s;
    enum guard_verdict verdict = guard_enter(&handlers[0], peer, scene_now_ms, &retry_s);
    guard_leave(&handlers[0]);
    return verdict;
}

/* Whoever comes twice, so long apart that all times are over: nothing holds him back. */
static void settle(void)
{
    uint64_t longest = scene_limits.penalty_max > LEASE_S ? scene_limits.penalty_max : LEASE_S;
    for (unsigned i = 0; i < HANDLERS; i++)
        guard_leave(&handlers[i]);
    for (unsigned i = 0; i < PEERS; i++)
        (void)come_and_go(&scene_peers[i]);
    scene_pass(longest + BEHIND_S);
    for (unsigned i = 0; i < PEERS; i++)
        FUZZ_HOLDS(come_and_go(&scene_peers[i]) == GUARD_ADMITTED);
    FUZZ_HOLDS(view_look(&scene).connected == 0);
}

void fuzz_one(struct span in)
{
    steady_begin();
    scene_pass(0);
    set_limits(&in);
    set_last_peer(&in);
    uint8_t how = fuzz_take_byte(&in);
    if (is_cut)
        open_again(false);
    if (how % 8 == 1)
        change_header(&in);
    begin(&in);
    for (unsigned n = how / 8 % 8; n > 0 && in.len > 0; n--)
        garbage_spill(&in);
    for (unsigned n = 0; n < ACTIONS && in.len > 0; n++)
        act(&in);
    settle();
}
