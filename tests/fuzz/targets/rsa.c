/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers that others choose, given to libgcrypt: it aborts for some of them, which mustn't get there. */
#include "crypto/rsa.h"

#include "crypto/exchange.h"
#include "crypto/host_key.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/people.h"

void fuzz_start(void)
{
    people_meet();
}

static void fill(uint8_t *out, size_t n, struct span *in)
{
    struct span taken = fuzz_take(in, n);
    memset(out, 0, n);
    memcpy(out, taken.data, taken.len);
}

static void check_modulus(struct span in)
{
    uint8_t modulus[RSA_LEN], signature[RSA_LEN], cipher[RSA_LEN];
    uint8_t forced = fuzz_take_byte(&in);
    fill(modulus, RSA_LEN, &in);
    fill(signature, RSA_LEN, &in);
    if (forced % 2) {
        modulus[0] |= 0x80;
        modulus[RSA_LEN - 1] |= 1;
    }
    enum err e = rsa_verify(modulus, signature, &in, 1);
    FUZZ_HOLDS(e == ERR_FORGED || (e == ERR_MALFORMED && !rsa_is_modulus(modulus)));
    e = rsa_seal(cipher, modulus, SPAN("key"));
    FUZZ_HOLDS(e == ERR_OK || !rsa_is_modulus(modulus));
}

static void check_cipher(struct span in)
{
    uint8_t cipher[RSA_LEN];
    struct buf plain = BUF_INIT(RSA_OAEP_MAX);
    fill(cipher, RSA_LEN, &in);
    FUZZ_HOLDS(rsa_open(&plain, alice.seal, cipher) == ERR_FORGED);
    FUZZ_HOLDS(plain.len == 0);
    buf_free(&plain);
}

static void check_host_key(struct span in)
{
    uint8_t key[HOST_KEY_LEN], signature[HOST_KEY_SIGNATURE_LEN], file[HOST_KEY_FILE_LEN];
    struct host_key unpacked;
    fill(key, sizeof(key), &in);
    fill(signature, sizeof(signature), &in);
    enum err e = host_key_verify(key, in, signature);
    FUZZ_HOLDS(e == ERR_FORGED || e == ERR_MALFORMED);
    if (host_key_unpack(&unpacked, in) == ERR_OK) {
        host_key_pack(file, &unpacked);
        FUZZ_HOLDS(span_equal(span_of(file, sizeof(file)), in));
    }
}

static void check_exchange(struct span in)
{
    static const uint8_t none[EXCHANGE_LEN];
    uint8_t secret[EXCHANGE_LEN], peer[EXCHANGE_LEN], shared[EXCHANGE_LEN];
    fill(peer, sizeof(peer), &in);
    fill(secret, sizeof(secret), &in);
    enum err e = exchange_shared(shared, secret, peer);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    FUZZ_HOLDS(e != ERR_OK || memcmp(shared, none, sizeof(none)) != 0);
}

void fuzz_one(struct span in)
{
    switch (fuzz_take_byte(&in) % 4) {
    case 0:
        check_modulus(in);
        break;
    case 1:
        check_cipher(in);
        break;
    case 2:
        check_host_key(in);
        break;
    default:
        check_exchange(in);
    }
}
