/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RSA-3072. What libgcrypt 1.10 doesn't check, and answers with an abort, a broken heap or a wrong result
 * instead, is checked here first: sizes of moduli, values below the modulus, the order of the primes;
 * and each signature is verified before it is handed out. */
#include "crypto/rsa.h"

#include <limits.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/library.h"

#include "base/banned.h"

#define EXPONENT     "\x01\x00\x01"
#define EXPONENT_LEN 3

/* Measured: an operation takes 6-8 KiB of secure memory, making a key 8-12 KiB. With less, libgcrypt 1.10
 * spills into memory that isn't locked, or reports a right ciphertext as a wrong one. */
#define SECURE_NEED          12288
#define SECURE_NEED_GENERATE 20480

struct rsa_key {
    uint8_t modulus[RSA_LEN];
    uint8_t p[RSA_PRIME_LEN]; /* p < q */
    uint8_t q[RSA_PRIME_LEN];
    gcry_sexp_t secret;
};

bool rsa_is_modulus(const uint8_t modulus[static RSA_LEN])
{
    return modulus[0] & 0x80 && modulus[RSA_LEN - 1] & 1;
}

/* Both are public, big-endian, and of RSA_LEN bytes. */
static bool is_below(const uint8_t *number, const uint8_t *modulus)
{
    return memcmp(number, modulus, RSA_LEN) < 0;
}

static enum err build_public(gcry_sexp_t *key, const uint8_t *modulus)
{
    return library_error(gcry_sexp_build(key, NULL, "(public-key(rsa(n%b)(e%b)))", RSA_LEN,
                                         (const char *)modulus, EXPONENT_LEN, EXPONENT));
}

/* The modulus, and the secret key as libgcrypt wants it: n, e, d, p < q, u = p^-1 mod q. */
static enum err derive(struct rsa_key *key)
{
    gcry_mpi_t p = NULL, q = NULL, e = NULL;
    gcry_mpi_t n = gcry_mpi_snew(8 * RSA_LEN), phi = gcry_mpi_snew(8 * RSA_LEN);
    gcry_mpi_t d = gcry_mpi_snew(8 * RSA_LEN), u = gcry_mpi_snew(8 * RSA_PRIME_LEN);
    enum err err = library_error(gcry_mpi_scan(&p, GCRYMPI_FMT_USG, key->p, RSA_PRIME_LEN, NULL));
    if (!err)
        err = library_error(gcry_mpi_scan(&q, GCRYMPI_FMT_USG, key->q, RSA_PRIME_LEN, NULL));
    if (!err)
        err = library_error(gcry_mpi_scan(&e, GCRYMPI_FMT_USG, EXPONENT, EXPONENT_LEN, NULL));
    if (err)
        goto out;
    gcry_mpi_mul(n, p, q);
    err = library_mpi_bytes(key->modulus, RSA_LEN, n);
    if (!err && !rsa_is_modulus(key->modulus))
        err = ERR_MALFORMED;
    if (err)
        goto out;
    gcry_mpi_sub_ui(d, p, 1);
    gcry_mpi_sub_ui(u, q, 1);
    gcry_mpi_mul(phi, d, u);
    if (!gcry_mpi_invm(d, e, phi) || !gcry_mpi_invm(u, p, q)) {
        err = ERR_MALFORMED;
        goto out;
    }
    err = library_error(gcry_sexp_build(&key->secret, NULL,
                                        "(private-key(rsa(n%m)(e%m)(d%m)(p%m)(q%m)(u%m)))", n, e, d,
                                        p, q, u));
out:
    gcry_mpi_release(p);
    gcry_mpi_release(q);
    gcry_mpi_release(e);
    gcry_mpi_release(n);
    gcry_mpi_release(phi);
    gcry_mpi_release(d);
    gcry_mpi_release(u);
    return err;
}

/* Whether they are prime isn't tested: two numbers that aren't make a key whose own signatures don't
 * verify, and rsa_sign finds that. */
enum err rsa_from_primes(struct rsa_key **key, const uint8_t a[static RSA_PRIME_LEN],
                         const uint8_t b[static RSA_PRIME_LEN])
{
    *key = NULL;
    int order = memcmp(a, b, RSA_PRIME_LEN);
    if (order == 0 || !(a[RSA_PRIME_LEN - 1] & b[RSA_PRIME_LEN - 1] & 1))
        return ERR_MALFORMED;
    enum err e = library_need_secure(SECURE_NEED);
    if (e)
        return e;
    struct rsa_key *made = gcry_calloc_secure(1, sizeof *made);
    if (!made)
        return ERR_NO_MEMORY;
    memcpy(made->p, order < 0 ? a : b, RSA_PRIME_LEN);
    memcpy(made->q, order < 0 ? b : a, RSA_PRIME_LEN);
    e = derive(made);
    if (e)
        rsa_free(made);
    else
        *key = made;
    return e;
}

/* transient-key chooses the level of randomness and nothing else: the kernel's generator, as random_key
 * does, without the jitter collector on top (which libgcrypt never gives back). */
enum err rsa_generate(struct rsa_key **key)
{
    gcry_sexp_t wish = NULL, made = NULL;
    uint8_t p[RSA_PRIME_LEN], q[RSA_PRIME_LEN];
    *key = NULL;
    enum err e = library_need_secure(SECURE_NEED_GENERATE);
    if (!e)
        e = library_error(
            gcry_sexp_build(&wish, NULL,
                            "(genkey(rsa(nbits 4:3072)(rsa-use-e 5:65537)(flags transient-key)))"));
    if (!e)
        e = library_error(gcry_pk_genkey(&made, wish));
    if (!e)
        e = library_sexp_value(p, sizeof p, made, "p");
    if (!e)
        e = library_sexp_value(q, sizeof q, made, "q");
    if (!e)
        e = rsa_from_primes(key, p, q);
    bytes_wipe(p, sizeof p);
    bytes_wipe(q, sizeof q);
    gcry_sexp_release(made);
    gcry_sexp_release(wish);
    return e;
}

void rsa_free(struct rsa_key *key)
{
    if (!key)
        return;
    gcry_sexp_release(key->secret);
    bytes_wipe(key, sizeof *key);
    gcry_free(key);
}

const uint8_t *rsa_modulus(const struct rsa_key *key)
{
    return key->modulus;
}

enum err rsa_primes(const struct rsa_key *key, uint8_t a[static RSA_PRIME_LEN],
                    uint8_t b[static RSA_PRIME_LEN])
{
    memcpy(a, key->p, RSA_PRIME_LEN);
    memcpy(b, key->q, RSA_PRIME_LEN);
    return ERR_OK;
}

/* What libgcrypt signs or verifies: a SHA-256 hash, under PSS with a salt of 32 bytes. */
static enum err build_pss(gcry_sexp_t *data, const struct span parts[], size_t n)
{
    uint8_t hash[HASH_LEN];
    hash_sha256(hash, parts, n);
    return library_error(gcry_sexp_build(data, NULL,
                                         "(data(flags pss)(hash sha256%b)(salt-length 2:32))",
                                         HASH_LEN, (const char *)hash));
}

static enum err verify_pss(const uint8_t *modulus, const uint8_t *signature, gcry_sexp_t data)
{
    gcry_sexp_t key = NULL, sig = NULL;
    enum err e = build_public(&key, modulus);
    if (!e)
        e = library_error(
            gcry_sexp_build(&sig, NULL, "(sig-val(rsa(s%b)))", RSA_LEN, (const char *)signature));
    if (!e)
        e = library_verified(gcry_pk_verify(sig, data, key));
    gcry_sexp_release(sig);
    gcry_sexp_release(key);
    return e;
}

enum err rsa_sign(uint8_t signature[static RSA_LEN], const struct rsa_key *key,
                  const struct span parts[], size_t n)
{
    gcry_sexp_t data = NULL, sig = NULL;
    enum err e = library_need_secure(SECURE_NEED);
    if (!e)
        e = build_pss(&data, parts, n);
    if (!e)
        e = library_error(gcry_pk_sign(&sig, data, key->secret));
    if (!e)
        e = library_sexp_value(signature, RSA_LEN, sig, "s");
    if (!e)
        e = verify_pss(key->modulus, signature, data);
    if (e)
        bytes_wipe(signature, RSA_LEN);
    gcry_sexp_release(sig);
    gcry_sexp_release(data);
    return e == ERR_FORGED ? ERR_INTERNAL : e;
}

enum err rsa_verify(const uint8_t modulus[static RSA_LEN], const uint8_t signature[static RSA_LEN],
                    const struct span parts[], size_t n)
{
    gcry_sexp_t data = NULL;
    if (!rsa_is_modulus(modulus))
        return ERR_MALFORMED;
    if (!is_below(signature, modulus))
        return ERR_FORGED;
    enum err e = build_pss(&data, parts, n);
    if (!e)
        e = verify_pss(modulus, signature, data);
    gcry_sexp_release(data);
    return e;
}

enum err rsa_seal(uint8_t cipher[static RSA_LEN], const uint8_t modulus[static RSA_LEN],
                  struct span plain)
{
    gcry_sexp_t key = NULL, data = NULL, sealed = NULL;
    if (!rsa_is_modulus(modulus) || plain.len == 0)
        return ERR_MALFORMED;
    if (plain.len > RSA_OAEP_MAX)
        return ERR_TOO_LARGE;
    enum err e = library_need_secure(SECURE_NEED);
    if (!e)
        e = build_public(&key, modulus);
    if (!e)
        e = library_error(gcry_sexp_build(&data, NULL,
                                          "(data(flags oaep)(hash-algo sha256)(value%b))",
                                          (int)plain.len, (const char *)plain.data));
    if (!e)
        e = library_error(gcry_pk_encrypt(&sealed, data, key));
    if (!e)
        e = library_sexp_value(cipher, RSA_LEN, sealed, "a");
    gcry_sexp_release(sealed);
    gcry_sexp_release(data);
    gcry_sexp_release(key);
    return e;
}

/* What gcry_pk_decrypt gives for OAEP: (value <bytes>), which is empty for an empty plaintext. */
static enum err append_value(struct buf *plain, gcry_sexp_t opened)
{
    size_t len = 0;
    const char *value = gcry_sexp_nth_data(opened, 1, &len);
    return value ? buf_append(plain, value, len) : ERR_INTERNAL;
}

enum err rsa_open(struct buf *plain, const struct rsa_key *key,
                  const uint8_t cipher[static RSA_LEN])
{
    gcry_sexp_t data = NULL, opened = NULL;
    if (!is_below(cipher, key->modulus))
        return ERR_FORGED;
    enum err e = library_need_secure(SECURE_NEED);
    if (!e)
        e = library_error(gcry_sexp_build(&data, NULL,
                                          "(enc-val(flags oaep)(hash-algo sha256)(rsa(a%b)))",
                                          RSA_LEN, (const char *)cipher));
    if (!e)
        e = library_verified(gcry_pk_decrypt(&opened, data, key->secret));
    if (!e)
        e = append_value(plain, opened);
    gcry_sexp_release(opened);
    gcry_sexp_release(data);
    return e;
}
