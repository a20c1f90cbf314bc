/* SPDX-License-Identifier: GPL-3.0-or-later */
/* needed.c: what a `send` can't do without. Prints two numbers, each the least of some runs, in milliseconds: the RSA
 * work of a login by keys and one message (two keys from their primes, two signatures), and what stretching a
 * password takes where the keys aren't remembered. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"
#include "crypto/stretch.h"
#include "crypto/vault.h"

#include "base/banned.h"

#define RUNS         21
#define SECURE_BYTES ((size_t)512 << 10)

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double least_ms(enum err (*work)(const struct vault *vault), const struct vault *vault)
{
    double least = 1e9;
    for (int i = 0; i < RUNS; i++) {
        double start = now_ms();
        if (work(vault) != ERR_OK)
            exit(EXIT_FAILURE);
        double took = now_ms() - start;
        least = took < least ? took : least;
    }
    return least;
}

static enum err make_key(const struct rsa_key *from)
{
    uint8_t a[RSA_PRIME_LEN], b[RSA_PRIME_LEN];
    struct rsa_key *key = NULL;
    enum err err = rsa_primes(from, a, b);
    if (err == ERR_OK)
        err = rsa_from_primes(&key, a, b);
    rsa_free(key);
    return err;
}

static enum err use_keys(const struct vault *vault)
{
    uint8_t signature[RSA_LEN];
    struct span parts[] = {SPAN("what is signed")};
    enum err err = make_key(vault->sign);
    if (err == ERR_OK)
        err = make_key(vault->seal);
    for (int i = 0; i < 2 && err == ERR_OK; i++)
        err = rsa_sign(signature, vault->sign, parts, 1);
    return err;
}

static enum err stretch(const struct vault *vault)
{
    uint8_t root[STRETCH_ROOT_LEN];
    const uint8_t salt[STRETCH_SALT_LEN] = {0};
    (void)vault;
    return stretch_root(root, SPAN("password"), salt);
}

int main(void)
{
    struct vault vault;
    if (crypto_init(SECURE_BYTES) != ERR_OK || vault_generate(&vault) != ERR_OK)
        return EXIT_FAILURE;
    (void)printf("%.1f %.1f\n", least_ms(use_keys, &vault), least_ms(stretch, &vault));
    vault_free(&vault);
    return EXIT_SUCCESS;
}
