/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ed25519. libgcrypt 1.10 accepts S above the group order, and aborts on public keys with a short
 * coordinate, so both are checked here, before it verifies anything. */
#include "crypto/host_key.h"

#include <limits.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/library.h"

#include "base/banned.h"

#define COORDINATE_LEN 32
#define SECURE_NEED    2048 /* measured: less than 1 KiB */

/* y of the points whose order divides 8, little-endian, without the sign of x: 0, 1, p - 1, and the two
 * of order 8. Signatures by such a key can be made for many messages without any secret. */
static const uint8_t small_order[][COORDINATE_LEN] = {
    {0x00},
    {0x01},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* p = 2^255 - 19 and the group order L, little-endian. */
static const uint8_t field_prime[COORDINATE_LEN] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
static const uint8_t group_order[COORDINATE_LEN] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                                    0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10};

/* Little-endian and public. */
static bool is_below(const uint8_t *a, const uint8_t *b)
{
    for (size_t i = COORDINATE_LEN; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

/* Whether both coordinates fill their highest 64-bit word. libgcrypt 1.10 aborts (mulm_25519: different
 * sizes) where one doesn't. That happens to one honest key in 2^63; a dishonest one is easily made. */
static bool is_full_width(gcry_mpi_point_t point)
{
    gcry_mpi_t x = gcry_mpi_new(0), y = gcry_mpi_new(0);
    gcry_mpi_point_get(x, y, NULL, point);
    bool is_full = gcry_mpi_get_nbits(x) > 192 && gcry_mpi_get_nbits(y) > 192;
    gcry_mpi_release(x);
    gcry_mpi_release(y);
    return is_full;
}

/* Whether there is an x for this y: half of all y have none. */
static enum err check_on_curve(const uint8_t *public_key)
{
    gcry_ctx_t curve = NULL;
    enum err e = library_error(gcry_mpi_ec_new(&curve, NULL, "Ed25519"));
    if (e)
        return e;
    gcry_mpi_point_t point = gcry_mpi_point_new(0);
    gcry_mpi_t encoded = gcry_mpi_set_opaque_copy(NULL, public_key, 8 * HOST_KEY_LEN);
    if (gcry_mpi_ec_decode_point(point, encoded, curve) || !is_full_width(point) ||
        !gcry_mpi_ec_curve_point(point, curve))
        e = ERR_MALFORMED;
    gcry_mpi_release(encoded);
    gcry_mpi_point_release(point);
    gcry_ctx_release(curve);
    return e;
}

static enum err check_public_key(const uint8_t *public_key)
{
    uint8_t y[COORDINATE_LEN];
    memcpy(y, public_key, sizeof y);
    y[COORDINATE_LEN - 1] &= 0x7f;
    if (!is_below(y, field_prime))
        return ERR_MALFORMED;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        if (memcmp(y, small_order[i], sizeof y) == 0)
            return ERR_MALFORMED;
    return check_on_curve(public_key);
}

/* libgcrypt makes the public key of a secret one by itself when it is asked for it. */
enum err host_key_from_seed(struct host_key *key, const uint8_t seed[static HOST_KEY_SEED_LEN])
{
    gcry_sexp_t secret = NULL;
    gcry_ctx_t curve = NULL;
    gcry_mpi_t q = NULL;
    size_t len = 0;
    enum err e = library_need_secure(SECURE_NEED);
    if (e)
        return e;
    e = library_error(gcry_sexp_build(&secret, NULL,
                                      "(private-key(ecc(curve Ed25519)(flags eddsa)(d%b)))",
                                      HOST_KEY_SEED_LEN, (const char *)seed));
    if (!e)
        e = library_error(gcry_mpi_ec_new(&curve, secret, NULL));
    if (e)
        goto out;
    q = gcry_mpi_ec_get_mpi("q@eddsa", curve, 0);
    unsigned bits = 0;
    const void *bytes = q ? gcry_mpi_get_opaque(q, &bits) : NULL;
    len = bits / 8;
    if (!bytes || len != HOST_KEY_LEN) {
        e = ERR_INTERNAL;
        goto out;
    }
    memcpy(key->seed, seed, HOST_KEY_SEED_LEN);
    memcpy(key->public_key, bytes, HOST_KEY_LEN);
out:
    gcry_mpi_release(q);
    gcry_ctx_release(curve);
    gcry_sexp_release(secret);
    return e;
}

static void make_check(uint8_t check[static HASH_LEN], const uint8_t *pair)
{
    hash_sha256(check, SPANS(SPAN("secmsg-host-key-1\n"),
                             span_of(pair, HOST_KEY_SEED_LEN + HOST_KEY_LEN)));
}

void host_key_pack(uint8_t file[static HOST_KEY_FILE_LEN], const struct host_key *key)
{
    memcpy(file, key->seed, HOST_KEY_SEED_LEN);
    memcpy(file + HOST_KEY_SEED_LEN, key->public_key, HOST_KEY_LEN);
    make_check(file + HOST_KEY_SEED_LEN + HOST_KEY_LEN, file);
}

enum err host_key_unpack(struct host_key *key, struct span file)
{
    uint8_t check[HASH_LEN];
    if (file.len != HOST_KEY_FILE_LEN)
        return ERR_MALFORMED;
    make_check(check, file.data);
    if (!bytes_equal_secret(check, file.data + HOST_KEY_SEED_LEN + HOST_KEY_LEN, HASH_LEN))
        return ERR_MALFORMED;
    memcpy(key->seed, file.data, HOST_KEY_SEED_LEN);
    memcpy(key->public_key, file.data + HOST_KEY_SEED_LEN, HOST_KEY_LEN);
    return ERR_OK;
}

enum err host_key_sign(uint8_t signature[static HOST_KEY_SIGNATURE_LEN], const struct host_key *key,
                       struct span message)
{
    gcry_sexp_t secret = NULL, data = NULL, signed_data = NULL;
    enum err e = message.len > INT_MAX ? ERR_TOO_LARGE : library_need_secure(SECURE_NEED);
    if (!e)
        e = library_error(
            gcry_sexp_build(&secret, NULL,
                            "(private-key(ecc(curve Ed25519)(flags eddsa)(q%b)(d%b)))",
                            HOST_KEY_LEN, (const char *)key->public_key, HOST_KEY_SEED_LEN,
                            (const char *)key->seed));
    if (!e)
        e = library_error(gcry_sexp_build(&data, NULL,
                                          "(data(flags eddsa)(hash-algo sha512)(value%b))",
                                          (int)message.len, (const char *)message.data));
    if (!e)
        e = library_error(gcry_pk_sign(&signed_data, data, secret));
    if (!e)
        e = library_sexp_value(signature, 32, signed_data, "r");
    if (!e)
        e = library_sexp_value(signature + 32, 32, signed_data, "s");
    gcry_sexp_release(signed_data);
    gcry_sexp_release(data);
    gcry_sexp_release(secret);
    return e;
}

enum err host_key_verify(const uint8_t public_key[static HOST_KEY_LEN], struct span message,
                         const uint8_t signature[static HOST_KEY_SIGNATURE_LEN])
{
    gcry_sexp_t key = NULL, data = NULL, signed_data = NULL;
    enum err e = check_public_key(public_key);
    if (e)
        return e;
    if (!is_below(signature + 32, group_order))
        return ERR_FORGED;
    if (message.len > INT_MAX)
        return ERR_TOO_LARGE;
    e = library_error(gcry_sexp_build(&key, NULL,
                                      "(public-key(ecc(curve Ed25519)(flags eddsa)(q%b)))",
                                      HOST_KEY_LEN, (const char *)public_key));
    if (!e)
        e = library_error(gcry_sexp_build(&data, NULL,
                                          "(data(flags eddsa)(hash-algo sha512)(value%b))",
                                          (int)message.len, (const char *)message.data));
    if (!e)
        e = library_error(gcry_sexp_build(&signed_data, NULL, "(sig-val(eddsa(r%b)(s%b)))", 32,
                                          (const char *)signature, 32,
                                          (const char *)signature + 32));
    if (!e)
        e = library_verified(gcry_pk_verify(signed_data, data, key));
    gcry_sexp_release(signed_data);
    gcry_sexp_release(data);
    gcry_sexp_release(key);
    return e;
}
