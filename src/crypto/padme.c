/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Padme: only as many significant bits of a length as its exponent has bits, so that a length tells
 * O(log log n) bits, for at most 12% of padding. */
#include "crypto/padme.h"

#include "base/banned.h"

static unsigned floor_log2(uint64_t n)
{
    unsigned log = 0;
    while (n >>= 1)
        log++;
    return log;
}

uint64_t padme_len(uint64_t n)
{
    if (n < 2)
        return n;
    unsigned exponent = floor_log2(n);
    unsigned significant = floor_log2(exponent) + 1;
    uint64_t low_bits = (UINT64_C(1) << (exponent - significant)) - 1;
    return (n + low_bits) & ~low_bits;
}
