/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All randomness: the kernel's generator, through libgcrypt (crypto_init chose it). */
#include "crypto/random.h"

#include <gcrypt.h>

#include "base/banned.h"

void random_bytes(void *out, size_t n)
{
    if (n > 0) /* libgcrypt aborts when it is asked for nothing */
        gcry_randomize(out, n, GCRY_STRONG_RANDOM);
}

/* GCRY_VERY_STRONG_RANDOM would add a jitter collector on top of the same kernel generator: 13 ms a call,
 * which each connection's ephemeral key would pay, for nothing that the kernel doesn't do itself. */
void random_key(void *out, size_t n)
{
    random_bytes(out, n);
}
