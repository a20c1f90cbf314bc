/* SPDX-License-Identifier: GPL-3.0-or-later */
/* padme.h: lengths that tell little (Nikitin and others, PURBs, 2019, section 4). */
#ifndef SECMSG_CRYPTO_PADME_H
#define SECMSG_CRYPTO_PADME_H

#include <stdint.h>

/* The smallest Padme length that holds n bytes; n is below 2^63. */
uint64_t padme_len(uint64_t n);

#endif
