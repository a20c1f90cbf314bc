/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of each text that base64 takes there is no second one, and each encoded text is taken. */
#include "base/base64.h"

#include "crypto/hash.h"
#include "tests/fuzz/fuzz.h"

void fuzz_start(void)
{
}

static void check_decoding(struct span in)
{
    struct buf bytes = BUF_INIT(65536), again = BUF_INIT(65536);
    enum err e = base64url_decode(&bytes, in);
    FUZZ_HOLDS(e == ERR_OK || e == ERR_MALFORMED);
    if (e == ERR_OK) {
        FUZZ_OK(base64url_encode(&again, buf_span(&bytes)));
        FUZZ_HOLDS(span_equal(buf_span(&again), in));
        FUZZ_HOLDS(base64_encoded_len(bytes.len) == in.len);
    }
    uint8_t exact[32];
    bool is_exact = base64url_decode_exact(exact, sizeof(exact), in) == ERR_OK;
    FUZZ_HOLDS(is_exact == (e == ERR_OK && bytes.len == sizeof(exact)));
    FUZZ_HOLDS(!is_exact || memcmp(exact, bytes.data, sizeof(exact)) == 0);
    buf_free(&bytes);
    buf_free(&again);
}

static void check_encoding(struct span in)
{
    struct buf text = BUF_INIT(131072), bytes = BUF_INIT(65536);
    FUZZ_OK(base64url_encode(&text, in));
    FUZZ_OK(base64url_decode(&bytes, buf_span(&text)));
    FUZZ_HOLDS(span_equal(buf_span(&bytes), in));
    buf_free(&text);
    buf_free(&bytes);
}

void fuzz_one(struct span in)
{
    char fingerprint[FINGERPRINT_SIZE];
    check_decoding(in);
    check_encoding(in);
    hash_fingerprint(fingerprint, in);
    FUZZ_HOLDS(hash_is_fingerprint(span_str(fingerprint)));
    if (hash_is_fingerprint(in))
        FUZZ_HOLDS(in.len == FINGERPRINT_SIZE - 1);
}
