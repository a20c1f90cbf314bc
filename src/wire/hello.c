/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handshake: both ends derive their keys from one transcript, which the host key signs. */
#include "wire/hello.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "crypto/field.h"

#include "base/banned.h"

#define PREFIX        "SECMSG 1 "
#define KEY_TEXT      44 /* characters of b64(32 bytes) */
#define SIGNATURE_LEN 88 /* characters of b64(64 bytes) */
#define CLIENT_LEN    (sizeof(PREFIX) - 1 + KEY_TEXT)
#define SIGNED_LEN    (CLIENT_LEN + 1 + KEY_TEXT) /* the server's line before its signature */
#define SERVER_LEN    (SIGNED_LEN + 1 + SIGNATURE_LEN)

void hello_keys_wipe(struct hello_keys *keys)
{
    bytes_wipe(keys, sizeof(*keys));
}

static void make_transcript(uint8_t transcript[static HASH_LEN], struct span client_line,
                            struct span server_signed)
{
    hash_sha256(transcript, SPANS(client_line, SPAN("\n"), server_signed));
}

/* The signed bytes: the kind of the object, and the transcript. */
static size_t make_signed(uint8_t text[static 64], const uint8_t transcript[static HASH_LEN])
{
    static const char kind[] = "secmsg-host-1\n";
    memcpy(text, kind, sizeof(kind) - 1);
    memcpy(text + sizeof(kind) - 1, transcript, HASH_LEN);
    return sizeof(kind) - 1 + HASH_LEN;
}

static enum err derive(struct hello_keys *keys, const uint8_t secret[static EXCHANGE_LEN],
                       const uint8_t peer[static EXCHANGE_LEN])
{
    uint8_t shared[EXCHANGE_LEN], out[128];
    enum err e = exchange_shared(shared, secret, peer);
    if (!e)
        e = hash_hkdf(out, sizeof(out), span_of(shared, sizeof(shared)),
                      span_of(keys->transcript, HASH_LEN), SPAN("secmsg-keys-1"));
    if (!e) {
        memcpy(keys->client.fernet, out, 32);
        memcpy(keys->server.fernet, out + 32, 32);
        memcpy(keys->client.mac, out + 64, 32);
        memcpy(keys->server.mac, out + 96, 32);
        keys->client.sequence = 0;
        keys->server.sequence = 0;
    }
    bytes_wipe(shared, sizeof(shared));
    bytes_wipe(out, sizeof(out));
    return e;
}

enum err hello_client_start(struct hello_client *hello, const uint8_t secret[static EXCHANGE_LEN])
{
    uint8_t public_key[EXCHANGE_LEN];
    char text[KEY_TEXT + 1];
    enum err e = exchange_public(public_key, secret);
    if (e)
        return e;
    memcpy(hello->secret, secret, EXCHANGE_LEN);
    base64url_encode_text(text, sizeof(text), span_of(public_key, sizeof(public_key)));
    snprintf(hello->line, sizeof(hello->line), PREFIX "%s\n", text);
    return ERR_OK;
}

enum err hello_client_parse(struct hello_answer *answer, struct span line)
{
    static const char refused[] = "ERR ";
    *answer = (struct hello_answer){.error = {0}};
    if (line.len >= sizeof(refused) - 1 && memcmp(line.data, refused, sizeof(refused) - 1) == 0) {
        answer->error = span_of(line.data + sizeof(refused) - 1, line.len - (sizeof(refused) - 1));
        return ERR_CLOSED;
    }
    if (line.len != SERVER_LEN || memcmp(line.data, PREFIX, sizeof(PREFIX) - 1) != 0 ||
        line.data[CLIENT_LEN] != ' ' || line.data[SIGNED_LEN] != ' ')
        return ERR_MALFORMED;
    const uint8_t *p = line.data + sizeof(PREFIX) - 1;
    enum err e = base64url_decode_exact(answer->ephemeral, EXCHANGE_LEN, span_of(p, KEY_TEXT));
    if (!e)
        e = base64url_decode_exact(answer->host_key, HOST_KEY_LEN,
                                   span_of(p + KEY_TEXT + 1, KEY_TEXT));
    if (!e)
        e = base64url_decode_exact(answer->signature, HOST_KEY_SIGNATURE_LEN,
                                   span_of(line.data + SIGNED_LEN + 1, SIGNATURE_LEN));
    return e;
}

enum err hello_client_finish(struct hello_keys *keys, struct hello_client *hello,
                             const struct hello_answer *answer, struct span line)
{
    uint8_t text[64];
    struct span own = span_of(hello->line, strlen(hello->line) - 1);
    make_transcript(keys->transcript, own, span_of(line.data, SIGNED_LEN));
    size_t n = make_signed(text, keys->transcript);
    enum err e = host_key_verify(answer->host_key, span_of(text, n), answer->signature);
    if (!e)
        e = derive(keys, hello->secret, answer->ephemeral);
    bytes_wipe(hello->secret, sizeof(hello->secret));
    if (e)
        hello_keys_wipe(keys);
    return e;
}

/* Whether the line is "SECMSG <number other than 1> ...": a client of another version. */
static bool is_other_version(struct span line)
{
    static const char name[] = "SECMSG ";
    uint64_t version;
    if (line.len < sizeof(name) - 1 || memcmp(line.data, name, sizeof(name) - 1) != 0)
        return false;
    struct span rest = span_of(line.data + sizeof(name) - 1, line.len - (sizeof(name) - 1));
    const uint8_t *space = rest.len > 0 ? memchr(rest.data, ' ', rest.len) : NULL;
    struct span number = span_of(rest.data, space ? (size_t)(space - rest.data) : rest.len);
    return !field_number(number, &version) && version != 1;
}

enum err hello_server_parse(struct hello_seen *seen, struct span line)
{
    if (is_other_version(line))
        return ERR_UNSUPPORTED;
    if (line.len != CLIENT_LEN || memcmp(line.data, PREFIX, sizeof(PREFIX) - 1) != 0)
        return ERR_MALFORMED;
    seen->line = line;
    return base64url_decode_exact(seen->client, EXCHANGE_LEN,
                                  span_of(line.data + sizeof(PREFIX) - 1, KEY_TEXT));
}

/* The server's line up to its signature. */
static enum err format_signed(char line[static SIGNED_LEN + 1], const struct host_key *host,
                              const uint8_t secret[static EXCHANGE_LEN])
{
    uint8_t public_key[EXCHANGE_LEN];
    char ephemeral_text[KEY_TEXT + 1], host_text[KEY_TEXT + 1];
    enum err e = exchange_public(public_key, secret);
    if (e)
        return e;
    base64url_encode_text(ephemeral_text, sizeof(ephemeral_text),
                          span_of(public_key, sizeof(public_key)));
    base64url_encode_text(host_text, sizeof(host_text), span_of(host->public_key, HOST_KEY_LEN));
    snprintf(line, SIGNED_LEN + 1, PREFIX "%s %s", ephemeral_text, host_text);
    return ERR_OK;
}

enum err hello_server_answer(struct hello_keys *keys, struct buf *out, const struct host_key *host,
                             const uint8_t secret[static EXCHANGE_LEN],
                             const struct hello_seen *seen)
{
    char line[SIGNED_LEN + 1], signature_text[SIGNATURE_LEN + 1];
    uint8_t text[64], signature[HOST_KEY_SIGNATURE_LEN];
    enum err e = format_signed(line, host, secret);
    if (e)
        return e;
    make_transcript(keys->transcript, seen->line, span_str(line));
    e = derive(keys, secret, seen->client);
    if (!e)
        e = host_key_sign(signature, host, span_of(text, make_signed(text, keys->transcript)));
    if (!e) {
        base64url_encode_text(signature_text, sizeof(signature_text),
                              span_of(signature, sizeof(signature)));
        e = buf_printf(out, "%s %s\n", line, signature_text);
    }
    if (e)
        hello_keys_wipe(keys);
    return e;
}
