/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ed25519 against Wycheproof and the vectors' handshake, and against keys that a hostile server would
 * show. */
#include "crypto/host_key.h"

#include "base/base64.h"
#include "crypto/exchange.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "vectors.h"

#include "base/banned.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void check_signature(const json_t *group, const json_t *test)
{
    struct buf pk = vectors_hex(vectors_get(group, "publicKey"), "pk");
    struct buf msg = vectors_hex(test, "msg"), sig = vectors_hex(test, "sig");
    bool is_valid = span_is(vectors_text(test, "result"), "valid");
    assert_int_equal(pk.len, HOST_KEY_LEN);
    if (sig.len == HOST_KEY_SIGNATURE_LEN)
        assert_int_equal(host_key_verify(pk.data, buf_span(&msg), sig.data),
                         is_valid ? ERR_OK : ERR_FORGED);
    else
        assert_false(is_valid); /* our signatures have their length in their type */
    buf_free(&pk);
    buf_free(&msg);
    buf_free(&sig);
}

static void signatures_are_wycheproofs(void **state)
{
    /* Every vector: S above the order and changed encodings are refused. */
    (void)state;
    assert_true(vectors_visit_wycheproof("wycheproof-ed25519.json", check_signature) > 0);
}

static void the_handshake_is_the_vectors(void **state)
{
    /* Seed to public key, transcript, signature and keys: all as the independent implementation has. */
    (void)state;
    json_t *root = vectors_load("secmsg-1.json"), *h = vectors_get(root, "handshake");
    struct span client = vectors_text(h, "client_line_text"),
                server = vectors_text(h, "server_line_text");
    struct host_key key;
    uint8_t seed[HOST_KEY_SEED_LEN], transcript[HASH_LEN], expected[HASH_LEN];
    uint8_t shared[EXCHANGE_LEN], keys[128], signature[HOST_KEY_SIGNATURE_LEN];
    char text[100], fingerprint[FINGERPRINT_SIZE];
    vectors_bytes(seed, sizeof seed, h, "host_seed");
    assert_int_equal(host_key_from_seed(&key, seed), ERR_OK);
    hash_fingerprint(fingerprint, span_of(key.public_key, HOST_KEY_LEN));
    assert_true(span_is(vectors_text(h, "host_fingerprint_text"), fingerprint));
    size_t cut = server.len;
    while (server.data[--cut] != ' ')
        continue;
    hash_sha256(transcript, SPANS(client, span_of(server.data, cut)));
    vectors_bytes(expected, sizeof expected, h, "transcript");
    assert_memory_equal(transcript, expected, HASH_LEN);
    uint8_t signed_part[14 + HASH_LEN] = "secmsg-host-1\n";
    memcpy(signed_part + 14, transcript, HASH_LEN);
    assert_int_equal(host_key_sign(signature, &key, span_of(signed_part, sizeof signed_part)),
                     ERR_OK);
    base64url_encode_text(text, sizeof text, span_of(signature, sizeof signature));
    assert_span_equal(span_str(text), span_of(server.data + cut + 1, server.len - cut - 2));
    assert_int_equal(host_key_verify(key.public_key, span_of(signed_part, sizeof signed_part),
                                     signature),
                     ERR_OK);
    vectors_bytes(shared, sizeof shared, h, "shared");
    assert_int_equal(hash_hkdf(keys, sizeof keys, span_of(shared, sizeof shared),
                               span_of(transcript, HASH_LEN), SPAN("secmsg-keys-1")),
                     ERR_OK);
    static const char *const names[] = {"client_fernet", "server_fernet", "client_mac",
                                        "server_mac"};
    for (size_t i = 0; i < COUNT(names); i++) {
        vectors_bytes(expected, sizeof expected, h, names[i]);
        assert_memory_equal(keys + 32 * i, expected, 32);
    }
    json_decref(root);
}

static void own_signatures_verify(void **state)
{
    /* For fresh keys and texts of many lengths; with another text, key or bit they don't. */
    (void)state;
    uint8_t seed[HOST_KEY_SEED_LEN], signature[HOST_KEY_SIGNATURE_LEN], text[200] = {0};
    struct host_key key;
    for (size_t n = 0; n <= sizeof text; n += 20) {
        random_key(seed, sizeof seed);
        assert_int_equal(host_key_from_seed(&key, seed), ERR_OK);
        assert_memory_equal(key.seed, seed, sizeof seed);
        assert_int_equal(host_key_sign(signature, &key, span_of(text, n)), ERR_OK);
        assert_int_equal(host_key_verify(key.public_key, span_of(text, n), signature), ERR_OK);
        assert_int_equal(host_key_verify(key.public_key, SPAN("other"), signature), ERR_FORGED);
        signature[n % 64] ^= 1;
        assert_int_equal(host_key_verify(key.public_key, span_of(text, n), signature), ERR_FORGED);
    }
}

static void a_key_of_hex(uint8_t key[static HOST_KEY_LEN], const char *hex)
{
    struct buf bytes = BUF_INIT(HOST_KEY_LEN);
    vectors_append_hex(&bytes, span_str(hex));
    assert_int_equal(bytes.len, HOST_KEY_LEN);
    memcpy(key, bytes.data, HOST_KEY_LEN);
    buf_free(&bytes);
}

static void bad_public_keys_are_refused(void **state)
{
    /* Small order, not canonical, and points with a short x or y, on which libgcrypt itself aborts. */
    (void)state;
    static const char *const bad[] = {
        /* order 4, 1, 2, 8: with both signs of x */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        /* y = p, p + 1, 2^255 - 1 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* y = 2 has no x; y = 3 has one, and is short */
        "0200000000000000000000000000000000000000000000000000000000000000",
        "0300000000000000000000000000000000000000000000000000000000000000",
        /* full width, but no x belongs to this y */
        "5655555555555555555555555555555555555555555555555555555555555555",
        "5955555555555555555555555555555555555555555555555555555555555555",
        /* on the curve, with x = 2 .. 2^190 */
        "3126711e11ef574692935381d2cd2bbab5dd113c4010f91fd7c4dd7b12bf431a",
        "bcd98ee1ee10a8b96d6cac7e2d32d4454a22eec3bfef06e0283b2284ed40bc65",
        "9cbc119fe3f033dd187f05135a054615653542d40a4def30316a0c768cb7655c",
        "5143ee601c0fcc22e780faeca5fab9ea9acabd2bf5b210cfce95f38973489a23",
        "eec7b2b0067449b6aeb685fd63caa4adcc1c7270a0c3e08feae55c6e67fe1bee",
        "ff374d4ff98bb64951497a029c355b5233e38d8f5f3c1f70151aa3919801e491",
    };
    uint8_t key[HOST_KEY_LEN], signature[HOST_KEY_SIGNATURE_LEN] = {1};
    for (size_t i = 0; i < COUNT(bad); i++) {
        a_key_of_hex(key, bad[i]);
        assert_int_equal(host_key_verify(key, SPAN("text"), signature), ERR_MALFORMED);
    }
}

static void no_key_or_signature_stops_the_process(void **state)
{
    /* Random keys and signatures, and small numbers for S and R under a good key: refused, no abort. */
    (void)state;
    uint8_t key[HOST_KEY_LEN], signature[HOST_KEY_SIGNATURE_LEN], seed[HOST_KEY_SEED_LEN] = {1};
    struct host_key good;
    for (int i = 0; i < 64; i++) {
        random_bytes(key, sizeof key);
        random_bytes(signature, sizeof signature);
        enum err e = host_key_verify(key, SPAN("text"), signature);
        assert_true(e == ERR_MALFORMED || e == ERR_FORGED);
    }
    assert_int_equal(host_key_from_seed(&good, seed), ERR_OK);
    for (unsigned i = 0; i < 64; i++) {
        memset(signature, 0, sizeof signature);
        signature[i & 31] = (uint8_t)i;
        signature[32 + (i & 15)] = (uint8_t)(i / 2);
        assert_int_equal(host_key_verify(good.public_key, SPAN("text"), signature), ERR_FORGED);
    }
}

static void a_kept_pair_is_whole_or_refused(void **state)
{
    /* What is kept gives the same key again; a flipped bit anywhere, or another length, is refused. */
    (void)state;
    uint8_t seed[HOST_KEY_SEED_LEN] = {1, 2, 3}, file[HOST_KEY_FILE_LEN];
    struct host_key key, again;
    assert_int_equal(host_key_from_seed(&key, seed), ERR_OK);
    host_key_pack(file, &key);
    assert_int_equal(host_key_unpack(&again, span_of(file, sizeof file)), ERR_OK);
    assert_memory_equal(&key, &again, sizeof key);
    assert_int_equal(host_key_unpack(&again, span_of(file, sizeof file - 1)), ERR_MALFORMED);
    assert_int_equal(host_key_unpack(&again, span_of(file, 0)), ERR_MALFORMED);
    for (size_t i = 0; i < 8 * sizeof file; i++) {
        file[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(host_key_unpack(&again, span_of(file, sizeof file)), ERR_MALFORMED);
        file[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_wycheproofs),
        cmocka_unit_test(the_handshake_is_the_vectors),
        cmocka_unit_test(own_signatures_verify),
        cmocka_unit_test(bad_public_keys_are_refused),
        cmocka_unit_test(no_key_or_signature_stops_the_process),
        cmocka_unit_test(a_kept_pair_is_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
