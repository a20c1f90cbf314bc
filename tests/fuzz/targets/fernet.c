/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens: what was sealed opens as it was, what was changed doesn't, and any text is refused in order. */
#include "crypto/fernet.h"

#include "tests/fuzz/fuzz.h"

#define MOST ((size_t)1 << 20)

static const uint8_t key[FERNET_KEY_LEN] = {1, 2, 3};

void fuzz_start(void)
{
}

static void check_any(struct span text)
{
    struct buf plain = BUF_INIT(MOST);
    enum err e = fernet_open(&plain, key, text);
    FUZZ_HOLDS(e == ERR_MALFORMED || e == ERR_FORGED);
    FUZZ_HOLDS((e == ERR_FORGED) == fernet_is_token(text) && plain.len == 0);
    buf_free(&plain);
}

static void check_sealed(struct span in)
{
    struct buf token = BUF_INIT(MOST), plain = BUF_INIT(MOST);
    size_t at = fuzz_take_number(&in, 65536);
    uint8_t change = fuzz_take_byte(&in);
    FUZZ_OK(fernet_seal(&token, key, 1000, in));
    FUZZ_HOLDS(token.len == fernet_token_len(in.len) && fernet_is_token(buf_span(&token)));
    token.data[at % token.len] ^= change;
    enum err e = fernet_open(&plain, key, buf_span(&token));
    FUZZ_HOLDS((e == ERR_OK) == (change == 0));
    FUZZ_HOLDS(e != ERR_OK || span_equal(buf_span(&plain), in));
    buf_free(&token);
    buf_free(&plain);
}

void fuzz_one(struct span in)
{
    if (fuzz_take_byte(&in) % 2)
        check_sealed(in);
    else
        check_any(in);
}
