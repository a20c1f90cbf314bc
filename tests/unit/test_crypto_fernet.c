/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fernet against its specification's acceptance tests, and tokens that were tampered with. */
#include "crypto/fernet.h"

#include <time.h>

#include "base/base64.h"
#include "crypto/hash.h"
#include "vectors.h"

#include "base/banned.h"

static const uint8_t key[FERNET_KEY_LEN] = "0123456789abcdefABCDEFGHIJKLMNOP";

/* "1985-10-26T01:20:00-07:00" as seconds since 1970. */
static uint64_t moment(const json_t *vector)
{
    struct tm tm = {0};
    const char *text = json_string_value(vectors_get(vector, "now"));
    const char *zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(zone);
    assert_string_equal(zone, "-07:00");
    return (uint64_t)timegm(&tm) + UINT64_C(7) * 3600;
}

static void secret(uint8_t out[static FERNET_KEY_LEN], const json_t *vector)
{
    assert_int_equal(base64url_decode_exact(out, FERNET_KEY_LEN, vectors_text(vector, "secret")),
                     ERR_OK);
}

static void tokens_are_the_specifications(void **state)
{
    /* generate.json: the same time, IV and text make the same token. */
    (void)state;
    json_t *root = vectors_load("fernet-generate.json"), *vector;
    size_t i, j;
    json_array_foreach(root, i, vector)
    {
        uint8_t k[FERNET_KEY_LEN], iv[FERNET_IV_LEN];
        struct buf token = BUF_INIT(1000);
        secret(k, vector);
        for (j = 0; j < FERNET_IV_LEN; j++)
            iv[j] = (uint8_t)json_integer_value(json_array_get(vectors_get(vector, "iv"), j));
        assert_int_equal(fernet_seal_with_iv(&token, k, moment(vector), iv,
                                             vectors_text(vector, "src")),
                         ERR_OK);
        assert_span_equal(buf_span(&token), vectors_text(vector, "token"));
        assert_int_equal(token.len, fernet_token_len(vectors_text(vector, "src").len));
        buf_free(&token);
    }
    assert_true(i > 0);
    json_decref(root);
}

static void tokens_open_as_specified(void **state)
{
    /* verify.json opens; invalid.json doesn't, each for its reason; but what is
     * wrong by its time alone is an empty text. */
    (void)state;
    static const struct {
        const char *desc;
        enum err expected;
    } reasons[] = {
        {"incorrect mac", ERR_FORGED},
        {"too short", ERR_MALFORMED},
        {"invalid base64", ERR_MALFORMED},
        {"payload size not multiple of block size", ERR_MALFORMED},
        {"payload padding error", ERR_FORGED},
        {"far-future TS (unacceptable clock skew)", ERR_OK},
        {"expired TTL", ERR_OK},
        {"incorrect IV (causes padding error)", ERR_FORGED},
    };
    struct buf plain = BUF_INIT(1000);
    uint8_t k[FERNET_KEY_LEN];
    json_t *good = vectors_load("fernet-verify.json"), *bad = vectors_load("fernet-invalid.json"),
           *v;
    size_t i;
    json_array_foreach(good, i, v)
    {
        secret(k, v);
        assert_int_equal(fernet_open(&plain, k, vectors_text(v, "token")), ERR_OK);
        assert_span_equal(buf_span(&plain), vectors_text(v, "src"));
        buf_clear(&plain);
    }
    assert_int_equal(json_array_size(bad), sizeof reasons / sizeof reasons[0]);
    json_array_foreach(bad, i, v)
    {
        secret(k, v);
        assert_true(span_is(vectors_text(v, "desc"), reasons[i].desc));
        assert_int_equal(fernet_open(&plain, k, vectors_text(v, "token")), reasons[i].expected);
        assert_int_equal(plain.len, 0);
    }
    buf_free(&plain);
    json_decref(good);
    json_decref(bad);
}

static void every_length_opens_again(void **state)
{
    /* Texts of 0 to 1100 bytes come back; two tokens of one text differ. */
    (void)state;
    static uint8_t text[1100];
    struct buf token = BUF_INIT(4000), again = BUF_INIT(4000), plain = BUF_INIT(1200);
    for (size_t n = 0; n <= sizeof text; n += n < 40 ? 1 : 53) {
        buf_clear(&token);
        buf_clear(&again);
        buf_clear(&plain);
        assert_int_equal(fernet_seal(&token, key, 5, span_of(text, n)), ERR_OK);
        assert_int_equal(fernet_seal(&again, key, 5, span_of(text, n)), ERR_OK);
        assert_int_equal(token.len, fernet_token_len(n));
        assert_memory_not_equal(token.data, again.data, token.len);
        assert_true(fernet_is_token(buf_span(&token)));
        assert_int_equal(fernet_open(&plain, key, buf_span(&token)), ERR_OK);
        assert_span_equal(buf_span(&plain), span_of(text, n));
    }
    buf_free(&token);
    buf_free(&again);
    buf_free(&plain);
}

static void a_changed_token_is_refused(void **state)
{
    /* No change of one character, no cut, no tail opens; what was in the buffer stays. */
    (void)state;
    struct buf token = BUF_INIT(1000), plain = BUF_INIT(1000);
    assert_int_equal(fernet_seal(&token, key, 5, SPAN("some text, longer than one block")), ERR_OK);
    assert_int_equal(buf_append_str(&plain, "before"), ERR_OK);
    for (size_t i = 0; i < token.len; i++) {
        uint8_t was = token.data[i];
        static const char others[] = "AQx_=\n%";
        for (size_t j = 0; j < sizeof others; j++) {
            token.data[i] = (uint8_t)others[j];
            if (token.data[i] != was)
                assert_int_not_equal(fernet_open(&plain, key, buf_span(&token)), ERR_OK);
        }
        token.data[i] = was;
        assert_int_equal(fernet_open(&plain, key, span_of(token.data, i)), ERR_MALFORMED);
    }
    assert_int_equal(buf_append_str(&token, "A"), ERR_OK);
    assert_int_equal(fernet_open(&plain, key, buf_span(&token)), ERR_MALFORMED);
    assert_int_equal(buf_append_str(&token, "AAA"), ERR_OK);
    assert_int_equal(fernet_open(&plain, key, buf_span(&token)), ERR_MALFORMED);
    assert_true(span_is(buf_span(&plain), "before"));
    buf_free(&token);
    buf_free(&plain);
}

static void another_key_does_not_open(void **state)
{
    /* Either half of the key matters: the MAC's gives ERR_FORGED before anything is decrypted. */
    (void)state;
    struct buf token = BUF_INIT(1000), plain = BUF_INIT(1000);
    uint8_t other[FERNET_KEY_LEN];
    assert_int_equal(fernet_seal(&token, key, 5, SPAN("text")), ERR_OK);
    memcpy(other, key, sizeof other);
    other[0] ^= 1;
    assert_int_equal(fernet_open(&plain, other, buf_span(&token)), ERR_FORGED);
    memcpy(other, key, sizeof other);
    other[FERNET_KEY_LEN - 1] ^= 1;
    if (fernet_open(&plain, other, buf_span(&token)) == ERR_OK)
        assert_false(span_is(buf_span(&plain), "text"));
    buf_free(&token);
    buf_free(&plain);
}

/* A token with a right MAC over a decrypted body chosen so that its padding is wrong. */
static void a_right_mac_over_wrong_padding_is_forged(void **state)
{
    /* Padding of 0, of 17, uneven padding, and another version byte. */
    (void)state;
    struct buf token = BUF_INIT(1000), raw = BUF_INIT(1000), plain = BUF_INIT(1000);
    static const uint8_t flips[] = {0x10 ^ 0x00, 0x10 ^ 0x11, 0x10 ^ 0x02, 0x10 ^ 0x20};
    for (size_t i = 0; i <= sizeof flips; i++) {
        /* An empty text is one block of 16 bytes 0x10; a bit flipped in the IV flips it in the block. */
        buf_clear(&token);
        buf_clear(&raw);
        assert_int_equal(fernet_seal(&token, key, 5, span_of(NULL, 0)), ERR_OK);
        assert_int_equal(base64url_decode(&raw, buf_span(&token)), ERR_OK);
        if (i < sizeof flips)
            raw.data[9 + 15] ^= flips[i];
        else
            raw.data[0] = 0x81;
        assert_int_equal(hash_hmac(raw.data + raw.len - HASH_LEN, span_of(key, 16),
                                   SPANS(span_of(raw.data, raw.len - HASH_LEN))),
                         ERR_OK);
        buf_clear(&token);
        assert_int_equal(base64url_encode(&token, buf_span(&raw)), ERR_OK);
        assert_int_equal(fernet_open(&plain, key, buf_span(&token)),
                         i < sizeof flips ? ERR_FORGED : ERR_MALFORMED);
        assert_int_equal(fernet_is_token(buf_span(&token)), i < sizeof flips);
    }
    buf_free(&token);
    buf_free(&raw);
    buf_free(&plain);
}

static void a_token_has_one_form(void **state)
{
    /* Wrong lengths, versions, padding and alphabets aren't tokens, in short and long texts. */
    (void)state;
    static uint8_t text[3000];
    struct buf token = BUF_INIT(8000);
    assert_false(fernet_is_token(span_of(NULL, 0)));
    assert_false(fernet_is_token(SPAN("gA==")));
    assert_false(fernet_is_token(SPAN("====")));
    assert_false(fernet_is_token(SPAN("=")));
    for (size_t n = 0; n < sizeof text; n += 700) {
        buf_clear(&token);
        assert_int_equal(fernet_seal(&token, key, 5, span_of(text, n)), ERR_OK);
        /* Longer cuts can leave a token's form, which the MAC then refuses. */
        for (size_t cut = 1; cut < 24; cut++)
            assert_false(fernet_is_token(span_of(token.data, token.len - cut)));
        static const size_t at[] = {0, 1, 50, 70};
        for (size_t i = 0; i < 4; i++) {
            uint8_t was = token.data[at[i]];
            token.data[at[i]] = i == 0 ? 'h' : '+';
            assert_false(fernet_is_token(buf_span(&token)));
            token.data[at[i]] = was;
        }
        assert_int_equal(buf_append_byte(&token, '\n'), ERR_OK);
        assert_false(fernet_is_token(buf_span(&token)));
    }
    buf_free(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_the_specifications),
        cmocka_unit_test(tokens_open_as_specified),
        cmocka_unit_test(every_length_opens_again),
        cmocka_unit_test(a_changed_token_is_refused),
        cmocka_unit_test(another_key_does_not_open),
        cmocka_unit_test(a_right_mac_over_wrong_padding_is_forged),
        cmocka_unit_test(a_token_has_one_form),
    };
    return cmocka_run_group_tests(tests, vectors_start, vectors_end);
}
