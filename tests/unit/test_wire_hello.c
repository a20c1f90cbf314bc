/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake from both ends against the worked one of the vectors, and every line that is refused. */
#include "wire/hello.h"

#include <stdio.h>

#include "base/base64.h"
#include "tests/unit/vectors.h"

#include "base/banned.h"

static json_t *root;
static const json_t *shake; /* its section `handshake` */
static uint8_t client_secret[EXCHANGE_LEN], server_secret[EXCHANGE_LEN];
static struct host_key host;
static struct span client_line, server_line;

static int load(void **state)
{
    if (vectors_start(state))
        return -1;
    root = vectors_load("secmsg-1.json");
    shake = vectors_get(root, "handshake");
    vectors_bytes(client_secret, EXCHANGE_LEN, shake, "client_ephemeral_secret");
    vectors_bytes(server_secret, EXCHANGE_LEN, shake, "server_ephemeral_secret");
    vectors_bytes(host.seed, HOST_KEY_SEED_LEN, shake, "host_seed");
    client_line = vectors_line(shake, "client_line_text");
    server_line = vectors_line(shake, "server_line_text");
    return host_key_from_seed(&host, host.seed) != ERR_OK;
}

static int unload(void **state)
{
    json_decref(root);
    return vectors_end(state);
}

static void assert_field(const char *name, const uint8_t bytes[static 32])
{
    uint8_t expected[32];
    vectors_bytes(expected, sizeof(expected), shake, name);
    assert_memory_equal(bytes, expected, sizeof(expected));
}

static void assert_keys(const struct hello_keys *keys)
{
    assert_field("transcript", keys->transcript);
    assert_field("client_fernet", keys->client.fernet);
    assert_field("server_fernet", keys->server.fernet);
    assert_field("client_mac", keys->client.mac);
    assert_field("server_mac", keys->server.mac);
    assert_true(keys->client.sequence == 0 && keys->server.sequence == 0);
}

static void assert_wiped(const struct hello_keys *keys)
{
    static const struct hello_keys zero;
    assert_memory_equal(keys, &zero, sizeof(zero));
}

static void the_server_answers_as_in_the_vectors(void **state)
{
    /* The same line, byte for byte, and the same keys. */
    (void)state;
    struct hello_seen seen;
    struct hello_keys keys;
    struct buf out = BUF_INIT(WIRE_HELLO_MAX);
    assert_int_equal(hello_server_parse(&seen, client_line), ERR_OK);
    assert_int_equal(hello_server_answer(&keys, &out, &host, server_secret, &seen), ERR_OK);
    assert_span_equal(buf_span(&out), vectors_text(shake, "server_line_text"));
    assert_keys(&keys);
    buf_free(&out);
}

static void the_client_comes_to_the_same_keys(void **state)
{
    /* Its line, the host key that it is shown before anything is verified, its keys; its secret is wiped. */
    (void)state;
    static const uint8_t zero[EXCHANGE_LEN];
    struct hello_client hello;
    struct hello_answer answer;
    struct hello_keys keys;
    char fingerprint[FINGERPRINT_SIZE];
    assert_int_equal(hello_client_start(&hello, client_secret), ERR_OK);
    assert_span_equal(span_str(hello.line), vectors_text(shake, "client_line_text"));
    assert_int_equal(hello_client_parse(&answer, server_line), ERR_OK);
    assert_memory_equal(answer.host_key, host.public_key, HOST_KEY_LEN);
    hash_fingerprint(fingerprint, span_of(answer.host_key, HOST_KEY_LEN));
    assert_span_equal(span_str(fingerprint), vectors_text(shake, "host_fingerprint_text"));
    assert_int_equal(hello_client_finish(&keys, &hello, &answer, server_line), ERR_OK);
    assert_keys(&keys);
    assert_memory_equal(hello.secret, zero, EXCHANGE_LEN);
}

static enum err server_parse(struct span line)
{
    struct hello_seen seen;
    return hello_server_parse(&seen, line);
}

static void a_client_line_has_one_length(void **state)
{
    /* Cut at every place, and with one to many bytes more: refused. */
    (void)state;
    uint8_t line[WIRE_HELLO_MAX];
    memset(line, 'A', sizeof(line));
    memcpy(line, client_line.data, client_line.len);
    for (size_t n = 0; n < sizeof(line); n++)
        assert_int_equal(server_parse(span_of(line, n)),
                         n == client_line.len ? ERR_OK : ERR_MALFORMED);
}

static void no_other_byte_stands_for_one_of_the_client_line(void **state)
{
    /* A changed byte is refused, another version, or another key: never the same key. */
    (void)state;
    uint8_t line[WIRE_HELLO_MAX];
    struct hello_seen good, seen;
    assert_int_equal(hello_server_parse(&good, client_line), ERR_OK);
    for (size_t i = 0; i < client_line.len; i++)
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte == client_line.data[i])
                continue;
            memcpy(line, client_line.data, client_line.len);
            line[i] = (uint8_t)byte;
            enum err e = hello_server_parse(&seen, span_of(line, client_line.len));
            if (i == 7 && byte >= '0' && byte <= '9')
                assert_int_equal(e, ERR_UNSUPPORTED);
            else if (i < 9)
                assert_int_equal(e, ERR_MALFORMED);
            else
                assert_true(e == ERR_MALFORMED ||
                            (e == ERR_OK && memcmp(seen.client, good.client, EXCHANGE_LEN) != 0));
        }
}

#define KEY "t6ipPezgYYXH59w_TnJaBkPbzhtQBJUQm5GWuxIjqjs="

static void another_version_is_told_from_nonsense(void **state)
{
    /* `SECMSG <other number> ...` is `version`; a number has no sign and no leading zero. */
    (void)state;
    static const char *const versions[] = {"SECMSG 2 " KEY,
                                           "SECMSG 2 x",
                                           "SECMSG 0 x",
                                           "SECMSG 10 " KEY,
                                           "SECMSG 9007199254740991 x",
                                           "SECMSG 2 "};
    static const char *const nonsense[] = {"SECMSG 01 " KEY, "SECMSG 9999999999999999999 x",
                                           "SECMSG +2 x",    "SECMSG -2 x",
                                           "SECMSG 2.0 x",   "SECMSG  2 x",
                                           "SECMSG two x",   "SECMSG ",
                                           "SECMSG",         "SECMSG1 " KEY,
                                           "SECMSG 1",       "SECMSG 1 ",
                                           "SECMSG 1 x",     "secmsg 2 x",
                                           "SecMsg 2 x",     " SECMSG 2 x"};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        assert_int_equal(server_parse(span_str(versions[i])), ERR_UNSUPPORTED);
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
        assert_int_equal(server_parse(span_str(nonsense[i])), ERR_MALFORMED);
}

static void a_client_line_is_exactly_that(void **state)
{
    /* Case, spaces, CR, padding, the other alphabet, another client's protocol, nothing. */
    (void)state;
    static const char *const lines[] = {"secmsg 1 " KEY,
                                        "SECMSG  1 " KEY,
                                        "SECMSG 1  " KEY,
                                        " SECMSG 1 " KEY,
                                        "SECMSG 1 " KEY " ",
                                        "SECMSG 1 " KEY "\r",
                                        "SECMSG 1 " KEY "\n",
                                        "SECMSG 1 " KEY " " KEY,
                                        "SECMSG\t1 " KEY,
                                        "SECMSG 1 t6ipPezgYYXH59w_TnJaBkPbzhtQBJUQm5GWuxIjqjs",
                                        "SECMSG 1 t6ipPezgYYXH59w/TnJaBkPbzhtQBJUQm5GWuxIjqjs=",
                                        "SECMSG 1 t6ipPezgYYXH59w_TnJaBkPbzhtQBJUQm5GWuxIjqjt=",
                                        "SECMSG 1 t6ipPezgYYXH59w_TnJaBkPbzhtQBJUQm5GWuxIjqg==",
                                        "SECMSG 1 t6ipPezgYYXH59w_TnJaBkPbzhtQBJUQm5GWuxIjqjsA",
                                        "GET / HTTP/1.1",
                                        "SSH-2.0-OpenSSH_9.2",
                                        "\x16\x03\x01\x02",
                                        ""};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(server_parse(span_str(lines[i])), ERR_MALFORMED);
    assert_int_equal(server_parse(span_of(NULL, 0)), ERR_MALFORMED);
}

/* Points of low order (RFC 7748, section 7): whatever the secret, the result is zero. */
static const uint8_t low_order[][EXCHANGE_LEN] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static void a_point_that_gives_zero_is_refused_by_the_server(void **state)
{
    /* With and without the bit that is ignored; nothing is answered and no key is left. */
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(low_order) / sizeof(low_order[0]); i++) {
        char line[WIRE_HELLO_MAX] = "SECMSG 1 ";
        uint8_t point[EXCHANGE_LEN];
        struct hello_seen seen;
        struct hello_keys keys;
        struct buf out = BUF_INIT(WIRE_HELLO_MAX);
        memcpy(point, low_order[i / 2], EXCHANGE_LEN);
        if (i % 2)
            point[31] |= 0x80;
        base64url_encode_text(line + 9, sizeof(line) - 9, span_of(point, EXCHANGE_LEN));
        assert_int_equal(hello_server_parse(&seen, span_str(line)), ERR_OK);
        assert_int_equal(hello_server_answer(&keys, &out, &host, server_secret, &seen),
                         ERR_MALFORMED);
        assert_int_equal(out.len, 0);
        assert_wiped(&keys);
        buf_free(&out);
    }
}

static enum err client_finish(struct span line, struct hello_keys *keys)
{
    struct hello_client hello;
    struct hello_answer answer;
    assert_int_equal(hello_client_start(&hello, client_secret), ERR_OK);
    enum err e = hello_client_parse(&answer, line);
    return e ? e : hello_client_finish(keys, &hello, &answer, line);
}

static void a_point_that_gives_zero_is_refused_by_the_client(void **state)
{
    /* Even when the host key has signed it. */
    (void)state;
    for (size_t i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++) {
        char line[WIRE_HELLO_MAX], point[45], key[45], sig[89];
        uint8_t text[14 + HASH_LEN] = "secmsg-host-1\n", signature[HOST_KEY_SIGNATURE_LEN];
        struct hello_keys keys;
        base64url_encode_text(point, sizeof(point), span_of(low_order[i], EXCHANGE_LEN));
        base64url_encode_text(key, sizeof(key), span_of(host.public_key, HOST_KEY_LEN));
        snprintf(line, sizeof(line), "SECMSG 1 %s %s", point, key);
        hash_sha256(text + 14, SPANS(client_line, SPAN("\n"), span_str(line)));
        assert_int_equal(host_key_sign(signature, &host, span_of(text, sizeof(text))), ERR_OK);
        base64url_encode_text(sig, sizeof(sig), span_of(signature, sizeof(signature)));
        snprintf(line, sizeof(line), "SECMSG 1 %s %s %s", point, key, sig);
        assert_int_equal(client_finish(span_str(line), &keys), ERR_MALFORMED);
        assert_wiped(&keys);
    }
}

static void a_server_line_has_one_length(void **state)
{
    /* Cut at every place, and with more behind it. */
    (void)state;
    uint8_t line[WIRE_HELLO_MAX];
    struct hello_answer answer;
    memset(line, 'A', sizeof(line));
    memcpy(line, server_line.data, server_line.len);
    for (size_t n = 0; n < sizeof(line); n++)
        assert_int_equal(hello_client_parse(&answer, span_of(line, n)),
                         n == server_line.len ? ERR_OK : ERR_MALFORMED);
}

static void a_server_line_with_any_byte_changed_is_refused(void **state)
{
    /* By its form, its host key or its signature; and no key is left. */
    (void)state;
    uint8_t line[WIRE_HELLO_MAX];
    for (size_t i = 0; i < server_line.len; i++) {
        static const uint8_t flips[] = {1, 0x20, 0x80};
        for (size_t k = 0; k < sizeof(flips); k++) {
            struct hello_keys keys = {.client = {.sequence = 0}};
            memcpy(line, server_line.data, server_line.len);
            line[i] ^= flips[k];
            enum err e = client_finish(span_of(line, server_line.len), &keys);
            assert_true(e == ERR_MALFORMED || e == ERR_FORGED);
            assert_wiped(&keys);
        }
    }
}

static void a_server_line_for_another_client_line_is_refused(void **state)
{
    /* The signature covers what the client said: an answer can't be used twice. */
    (void)state;
    struct hello_client hello;
    struct hello_answer answer;
    struct hello_keys keys;
    uint8_t other[EXCHANGE_LEN];
    memset(other, 7, sizeof(other));
    assert_int_equal(hello_client_start(&hello, other), ERR_OK);
    assert_int_equal(hello_client_parse(&answer, server_line), ERR_OK);
    assert_int_equal(hello_client_finish(&keys, &hello, &answer, server_line), ERR_FORGED);
    assert_wiped(&keys);
}

static void an_error_in_the_clear_is_no_answer(void **state)
{
    /* Its code and text are handed out as they are, and nothing else of the answer is filled. */
    (void)state;
    struct hello_answer answer;
    assert_int_equal(hello_client_parse(&answer, SPAN("ERR busy try again")), ERR_CLOSED);
    assert_true(span_is(answer.error, "busy try again"));
    assert_int_equal(hello_client_parse(&answer, SPAN("ERR ")), ERR_CLOSED);
    assert_int_equal(answer.error.len, 0);
    assert_int_equal(hello_client_parse(&answer, SPAN("ERR")), ERR_MALFORMED);
    assert_int_equal(hello_client_parse(&answer, SPAN("err busy")), ERR_MALFORMED);
    assert_int_equal(hello_client_parse(&answer, span_of(NULL, 0)), ERR_MALFORMED);
    assert_int_equal(answer.error.len, 0);
}

static void two_ends_with_fresh_keys_agree(void **state)
{
    /* The round trip without vectors: other secrets, another transcript, equal keys on both sides. */
    (void)state;
    for (uint8_t i = 1; i < 10; i++) {
        uint8_t a[EXCHANGE_LEN], b[EXCHANGE_LEN];
        struct hello_client hello;
        struct hello_seen seen;
        struct hello_answer answer;
        struct hello_keys at_client, at_server;
        struct buf out = BUF_INIT(WIRE_HELLO_MAX);
        memset(a, i, sizeof(a));
        memset(b, 0x80 + i, sizeof(b));
        assert_int_equal(hello_client_start(&hello, a), ERR_OK);
        struct span line = span_of(hello.line, strlen(hello.line) - 1);
        assert_int_equal(hello_server_parse(&seen, line), ERR_OK);
        assert_int_equal(hello_server_answer(&at_server, &out, &host, b, &seen), ERR_OK);
        struct span reply = span_of(out.data, out.len - 1);
        assert_int_equal(hello_client_parse(&answer, reply), ERR_OK);
        assert_int_equal(hello_client_finish(&at_client, &hello, &answer, reply), ERR_OK);
        assert_memory_equal(&at_client, &at_server, sizeof(at_client));
        assert_memory_not_equal(at_client.client.mac, at_client.server.mac, 32);
        hello_keys_wipe(&at_client);
        assert_wiped(&at_client);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_answers_as_in_the_vectors),
        cmocka_unit_test(the_client_comes_to_the_same_keys),
        cmocka_unit_test(a_client_line_has_one_length),
        cmocka_unit_test(no_other_byte_stands_for_one_of_the_client_line),
        cmocka_unit_test(another_version_is_told_from_nonsense),
        cmocka_unit_test(a_client_line_is_exactly_that),
        cmocka_unit_test(a_point_that_gives_zero_is_refused_by_the_server),
        cmocka_unit_test(a_point_that_gives_zero_is_refused_by_the_client),
        cmocka_unit_test(a_server_line_has_one_length),
        cmocka_unit_test(a_server_line_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_server_line_for_another_client_line_is_refused),
        cmocka_unit_test(an_error_in_the_clear_is_no_answer),
        cmocka_unit_test(two_ends_with_fresh_keys_agree),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
