/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X25519 against Wycheproof, and against points that a hostile peer would send. */
#include "crypto/exchange.h"

#include "crypto/random.h"
#include "vectors.h"

#include "base/banned.h"

static int zero_results;

static void check_exchange(const json_t *group, const json_t *test)
{
    (void)group;
    static const uint8_t zero[EXCHANGE_LEN];
    uint8_t secret[EXCHANGE_LEN], peer[EXCHANGE_LEN], expected[EXCHANGE_LEN], shared[EXCHANGE_LEN];
    vectors_bytes(secret, sizeof secret, test, "private");
    vectors_bytes(peer, sizeof peer, test, "public");
    vectors_bytes(expected, sizeof expected, test, "shared");
    /* Both 'valid' and 'acceptable' are to be computed; only an all-zero result is refused. */
    bool is_zero = memcmp(expected, zero, sizeof zero) == 0;
    assert_int_equal(exchange_shared(shared, secret, peer), is_zero ? ERR_MALFORMED : ERR_OK);
    assert_memory_equal(shared, expected, EXCHANGE_LEN);
    zero_results += is_zero;
}

static void exchange_is_wycheproofs(void **state)
{
    /* Every vector: non-canonical points and a set top bit accepted, all-zero results refused. */
    (void)state;
    assert_true(vectors_visit_wycheproof("wycheproof-x25519.json", check_exchange) > 0);
    assert_true(zero_results > 0);
}

static void public_keys_are_the_base_points_multiples(void **state)
{
    /* Both ends of the vectors' handshake get its shared value. */
    (void)state;
    json_t *root = vectors_load("secmsg-1.json"), *h = vectors_get(root, "handshake");
    uint8_t client[EXCHANGE_LEN], server[EXCHANGE_LEN], shared[EXCHANGE_LEN],
        expected[EXCHANGE_LEN];
    uint8_t client_public[EXCHANGE_LEN], server_public[EXCHANGE_LEN];
    vectors_bytes(client, sizeof client, h, "client_ephemeral_secret");
    vectors_bytes(server, sizeof server, h, "server_ephemeral_secret");
    vectors_bytes(expected, sizeof expected, h, "shared");
    assert_int_equal(exchange_public(client_public, client), ERR_OK);
    assert_int_equal(exchange_public(server_public, server), ERR_OK);
    assert_int_equal(exchange_shared(shared, client, server_public), ERR_OK);
    assert_memory_equal(shared, expected, sizeof shared);
    assert_int_equal(exchange_shared(shared, server, client_public), ERR_OK);
    assert_memory_equal(shared, expected, sizeof shared);
    json_decref(root);
}

static void no_point_stops_the_process(void **state)
{
    /* Points with few bits, at each place, and around the prime: a result or ERR_MALFORMED, no abort. */
    (void)state;
    uint8_t secret[EXCHANGE_LEN], shared[EXCHANGE_LEN];
    random_key(secret, sizeof secret);
    for (size_t i = 0; i < EXCHANGE_LEN; i++) {
        for (unsigned value = 0; value <= 0xff; value += 51) {
            uint8_t peer[EXCHANGE_LEN] = {0};
            peer[i] = (uint8_t)value;
            enum err e = exchange_shared(shared, secret, peer);
            assert_true(e == ERR_OK || e == ERR_MALFORMED);
        }
    }
    for (unsigned low = 0xe0; low <= 0xff; low++) {
        uint8_t peer[EXCHANGE_LEN];
        memset(peer, 0xff, sizeof peer);
        peer[0] = (uint8_t)low;
        peer[EXCHANGE_LEN - 1] = 0x7f;
        enum err e = exchange_shared(shared, secret, peer);
        assert_true(e == ERR_OK || e == ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange_is_wycheproofs),
        cmocka_unit_test(public_keys_are_the_base_points_multiples),
        cmocka_unit_test(no_point_stops_the_process),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
