/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake's lines, as either end gets them: what is taken has one spelling, and both ends agree. */
#include "wire/hello.h"

#include "base/base64.h"
#include "tests/fuzz/fuzz.h"

static struct host_key host;

void fuzz_start(void)
{
    static const uint8_t seed[HOST_KEY_SEED_LEN] = {7};
    FUZZ_OK(host_key_from_seed(&host, seed));
}

static void check_keys(const struct hello_keys *a, const struct hello_keys *b)
{
    FUZZ_HOLDS(memcmp(a->client.fernet, b->client.fernet, sizeof(a->client.fernet)) == 0);
    FUZZ_HOLDS(memcmp(a->server.mac, b->server.mac, sizeof(a->server.mac)) == 0);
    FUZZ_HOLDS(memcmp(a->transcript, b->transcript, sizeof(a->transcript)) == 0);
}

/* A client's line that is any bytes. */
static void check_server(struct span in)
{
    static const uint8_t secret[EXCHANGE_LEN] = {9};
    struct hello_seen seen;
    struct hello_keys keys;
    struct buf answer = BUF_INIT(WIRE_HELLO_MAX), again = BUF_INIT(WIRE_HELLO_MAX);
    enum err e = hello_server_parse(&seen, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED || e == ERR_UNSUPPORTED);
    if (e == ERR_OK) {
        FUZZ_OK(buf_append_str(&again, "SECMSG 1 "));
        FUZZ_OK(base64url_encode(&again, span_of(seen.client, sizeof(seen.client))));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
        e = hello_server_answer(&keys, &answer, &host, secret, &seen);
        FUZZ_HOLDS(e == ERR_OK || (e == ERR_MALFORMED && answer.len == 0));
        if (e == ERR_OK)
            FUZZ_HOLDS(answer.data[answer.len - 1] == '\n' && answer.len <= WIRE_HELLO_MAX);
        hello_keys_wipe(&keys);
    }
    buf_free(&answer);
    buf_free(&again);
}

/* A server's line that is any bytes. */
static void check_client(struct span in)
{
    static const uint8_t secret[EXCHANGE_LEN] = {5};
    struct hello_client client;
    struct hello_answer answer;
    struct hello_keys keys;
    FUZZ_OK(hello_client_start(&client, secret));
    enum err e = hello_client_parse(&answer, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED || e == ERR_CLOSED);
    FUZZ_HOLDS(e != ERR_CLOSED || answer.error.len <= in.len);
    if (e == ERR_OK) {
        e = hello_client_finish(&keys, &client, &answer, in);
        FUZZ_HOLDS(e != ERR_OK); /* nobody has signed it */
    }
    hello_keys_wipe(&keys);
}

/* A true handshake, with a byte of the server's line changed: it fails, or nothing was changed. */
static void check_both(struct span in)
{
    struct hello_client client;
    struct hello_seen seen;
    struct hello_answer answer;
    struct hello_keys server_keys = {0}, client_keys = {0};
    struct buf line = BUF_INIT(WIRE_HELLO_MAX);
    uint8_t secrets[2][EXCHANGE_LEN] = {{1}, {2}};
    size_t at = fuzz_take_byte(&in);
    uint8_t change = fuzz_take_byte(&in);
    FUZZ_OK(hello_client_start(&client, secrets[0]));
    FUZZ_OK(hello_server_parse(&seen, span_of(client.line, strlen(client.line) - 1)));
    FUZZ_OK(hello_server_answer(&server_keys, &line, &host, secrets[1], &seen));
    line.data[at % line.len] ^= change;
    struct span sent = span_of(line.data, line.len - 1);
    enum err e = hello_client_parse(&answer, sent);
    if (e == ERR_OK)
        e = hello_client_finish(&client_keys, &client, &answer, sent);
    FUZZ_HOLDS((e == ERR_OK) == (change == 0 || at % line.len == line.len - 1));
    if (e == ERR_OK)
        check_keys(&server_keys, &client_keys);
    hello_keys_wipe(&server_keys);
    hello_keys_wipe(&client_keys);
    buf_free(&line);
}

void fuzz_one(struct span in)
{
    switch (fuzz_take_byte(&in) % 3) {
    case 0:
        check_server(in);
        break;
    case 1:
        check_client(in);
        break;
    default:
        check_both(in);
    }
}
