/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secure memory: kept out of core files, and running out of it is an error that passes. */
#include "crypto/crypto.h"

#include <gcrypt.h>

#include <stdio.h>
#include <stdlib.h>

#include "crypto/exchange.h"
#include "crypto/host_key.h"
#include "crypto/random.h"
#include "people.h"

#include "base/banned.h"

#define BLOCKS_MAX 8192

static void *blocks[BLOCKS_MAX];
static size_t n_blocks;

/* Takes all secure memory that is left, but for `room` bytes in one piece. */
static void exhaust(size_t room)
{
    void *kept = room > 0 ? gcry_malloc_secure(room) : NULL;
    for (size_t size = 32768; size >= 32; size /= 2) {
        void *block;
        while (n_blocks < BLOCKS_MAX && (block = gcry_malloc_secure(size)))
            blocks[n_blocks++] = block;
    }
    gcry_free(kept);
}

static void relieve(void)
{
    while (n_blocks > 0)
        gcry_free(blocks[--n_blocks]);
}

static int n_pools;

static void count_pool(void *context, int level, const char *format, va_list args)
{
    (void)context;
    (void)level;
    (void)format;
    (void)args;
    n_pools++;
}

/* Whether libgcrypt has made no second pool, which it doesn't lock: its statistics have a line for each. */
static bool is_one_pool(void)
{
    n_pools = 0;
    gcry_set_log_handler(count_pool, NULL);
    gcry_control(GCRYCTL_DUMP_SECMEM_STATS);
    gcry_set_log_handler(NULL, NULL);
    return n_pools == 1;
}

static uint8_t a_cipher[RSA_LEN], a_signature[RSA_LEN], a_host_signature[HOST_KEY_SIGNATURE_LEN];
static struct host_key a_host;

static int start(void **state)
{
    static const uint8_t seed[HOST_KEY_SEED_LEN] = {1};
    if (people_start(state))
        return -1;
    bool is_made = !rsa_seal(a_cipher, alice.identity.seal, SPAN("text")) &&
                   !rsa_sign(a_signature, alice.sign, SPANS(SPAN("text"))) &&
                   !host_key_from_seed(&a_host, seed) &&
                   !host_key_sign(a_host_signature, &a_host, SPAN("text"));
    return is_made ? 0 : -1;
}

static enum err open_cipher(void)
{
    struct buf plain = BUF_INIT(RSA_OAEP_MAX);
    enum err e = rsa_open(&plain, alice.seal, a_cipher);
    buf_free(&plain);
    return e;
}

static enum err load_key(void)
{
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    struct rsa_key *key;
    assert_int_equal(rsa_primes(alice.sign, p, q), ERR_OK);
    enum err e = rsa_from_primes(&key, p, q);
    rsa_free(key);
    return e;
}

/* Every operation that uses secure memory does what is expected. */
static void every_operation(enum err expected)
{
    uint8_t out[RSA_LEN], secret[EXCHANGE_LEN] = {9}, peer[EXCHANGE_LEN] = {9};
    struct host_key host;
    assert_int_equal(rsa_sign(out, alice.sign, SPANS(SPAN("text"))), expected);
    assert_int_equal(rsa_seal(out, alice.identity.seal, SPAN("text")), expected);
    assert_int_equal(open_cipher(), expected);
    assert_int_equal(load_key(), expected);
    assert_int_equal(host_key_from_seed(&host, secret), expected);
    assert_int_equal(host_key_sign(out, &a_host, SPAN("text")), expected);
    assert_int_equal(exchange_public(out, secret), expected);
    assert_int_equal(exchange_shared(out, secret, peer), expected);
}

/* A right signature is never called forged for want of memory. */
static void verification(void)
{
    enum err e = rsa_verify(alice.identity.sign, a_signature, SPANS(SPAN("text")));
    assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
    e = host_key_verify(a_host.public_key, SPAN("text"), a_host_signature);
    assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
}

static void running_out_is_an_error_that_passes(void **state)
{
    /* With no secure memory left each operation says ERR_NO_MEMORY; with some again, it works. */
    (void)state;
    every_operation(ERR_OK);
    exhaust(0);
    every_operation(ERR_NO_MEMORY);
    struct rsa_key *key;
    assert_int_equal(rsa_generate(&key), ERR_NO_MEMORY);
    verification();
    assert_true(is_one_pool());
    relieve();
    every_operation(ERR_OK);
}

static void too_little_room_never_ends_the_process(void **state)
{
    /* Whatever is left, an operation works or says ERR_NO_MEMORY; a right ciphertext is never forged. */
    (void)state;
    uint8_t signature[RSA_LEN];
    for (size_t room = 32; room < 30000; room += room / 2) {
        exhaust(room);
        enum err e = open_cipher();
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        e = rsa_sign(signature, alice.sign, SPANS(SPAN("text")));
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        e = load_key();
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        e = host_key_sign(signature, &a_host, SPAN("text"));
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        verification();
        assert_true(is_one_pool());
        relieve();
    }
}

static void many_keys_run_out_in_order(void **state)
{
    /* Loading keys until there is no more room ends with ERR_NO_MEMORY, and the loaded ones stay. */
    (void)state;
    static struct rsa_key *keys[100];
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    size_t n = 0;
    assert_int_equal(rsa_primes(bob.sign, p, q), ERR_OK);
    enum err e = ERR_OK;
    while (n < 100 && (e = rsa_from_primes(&keys[n], p, q)) == ERR_OK)
        n++;
    assert_int_equal(e, ERR_NO_MEMORY);
    assert_in_range(n, 8, 40);
    assert_memory_equal(rsa_modulus(keys[0]), bob.identity.sign, RSA_LEN);
    while (n > 0)
        rsa_free(keys[--n]);
    every_operation(ERR_OK);
}

static void secure_memory_stays_out_of_core_files(void **state)
{
    /* Its mapping bears the kernel's flag dd (don't dump), and lo (locked) if crypto_is_locked says so. */
    (void)state;
    uintptr_t wanted = (uintptr_t)rsa_modulus(alice.sign);
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool is_ours = false, is_found = false;
    while (!is_found && fgets(line, sizeof line, maps)) {
        char *end;
        uintptr_t from = strtoul(line, &end, 16);
        if (*end == '-') {
            uintptr_t to = strtoul(end + 1, &end, 16);
            is_ours = *end == ' ' && from <= wanted && wanted < to;
        } else if (is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            assert_non_null(strstr(line, " dd"));
            if (!VECTORS_HAS_ASAN)
                assert_int_equal(strstr(line, " lo") != NULL, crypto_is_locked());
            is_found = true;
        }
    }
    fclose(maps);
    assert_true(is_found);
}

static void the_library_is_named(void **state)
{
    /* As `--version` shows it. */
    (void)state;
    assert_int_equal(strncmp(crypto_version(), "libgcrypt 1.", 12), 0);
}

static void random_bytes_differ(void **state)
{
    /* Two draws of either kind are different, and no byte is left out. */
    (void)state;
    uint8_t a[64] = {0}, b[64] = {0}, seen[64] = {0};
    random_bytes(a, sizeof a);
    random_key(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    for (int i = 0; i < 20; i++) {
        random_key(b, sizeof b);
        for (size_t j = 0; j < sizeof b; j++)
            seen[j] |= b[j];
    }
    for (size_t j = 0; j < sizeof seen; j++)
        assert_int_not_equal(seen[j], 0);
    random_bytes(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_out_is_an_error_that_passes),
        cmocka_unit_test(too_little_room_never_ends_the_process),
        cmocka_unit_test(many_keys_run_out_in_order),
        cmocka_unit_test(secure_memory_stays_out_of_core_files),
        cmocka_unit_test(the_library_is_named),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, start, people_end);
}
