/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vault and the bodies that carry it, and login by signature. */
#include "crypto/vault.h"

#include "people.h"

#include "base/banned.h"

static uint8_t vault_key[FERNET_KEY_LEN];
static struct span token; /* alice's, of the vectors */

static int start(void **state)
{
    if (people_start(state))
        return -1;
    json_t *v = vectors_get(people_root, "vault");
    vectors_bytes(vault_key, sizeof vault_key, v, "vault_key");
    token = vectors_text(v, "token_text");
    return 0;
}

static void the_vectors_vault_opens(void **state)
{
    /* Both keys are alice's, and what is sealed from it opens again. */
    (void)state;
    struct vault vault, again;
    struct buf sealed = BUF_INIT(VAULT_TOKEN_MAX), plain = BUF_INIT(VAULT_TOKEN_MAX);
    assert_int_equal(vault_open(&vault, token, vault_key, &alice.identity), ERR_OK);
    assert_memory_equal(rsa_modulus(vault.sign), alice.identity.sign, RSA_LEN);
    assert_memory_equal(rsa_modulus(vault.seal), alice.identity.seal, RSA_LEN);
    assert_int_equal(vault_seal(&sealed, &vault, vault_key, 1), ERR_OK);
    assert_int_equal(vault_open(&again, buf_span(&sealed), vault_key, &alice.identity), ERR_OK);
    assert_memory_equal(again.archive, vault.archive, VAULT_ARCHIVE_LEN);
    assert_int_equal(fernet_open(&plain, vault_key, token), ERR_OK);
    assert_span_equal(buf_span(&plain),
                      vectors_text(vectors_get(people_root, "vault"), "plaintext_text"));
    buf_free(&plain);
    buf_free(&sealed);
    vault_free(&vault);
    vault_free(&again);
    vault_free(NULL);
}

static void another_key_or_identity_does_not_open(void **state)
{
    /* A wrong password is ERR_FORGED; somebody else's identity ERR_MALFORMED; the vault stays empty. */
    (void)state;
    struct vault vault;
    uint8_t other[FERNET_KEY_LEN] = {0};
    assert_int_equal(vault_open(&vault, token, other, &alice.identity), ERR_FORGED);
    assert_null(vault.sign);
    assert_int_equal(vault_open(&vault, token, vault_key, &bob.identity), ERR_MALFORMED);
    assert_null(vault.sign);
    struct identity half = alice.identity;
    memcpy(half.seal, bob.identity.seal, RSA_LEN);
    assert_int_equal(vault_open(&vault, token, vault_key, &half), ERR_MALFORMED);
    assert_null(vault.sign);
    assert_int_equal(vault_open(&vault, span_of(token.data, token.len - 4), vault_key,
                                &alice.identity),
                     ERR_MALFORMED);
}

static enum err open_text(struct span text)
{
    struct vault vault;
    struct buf sealed = BUF_INIT(VAULT_TOKEN_MAX);
    assert_int_equal(fernet_seal(&sealed, vault_key, 1, text), ERR_OK);
    enum err e = vault_open(&vault, buf_span(&sealed), vault_key, &alice.identity);
    buf_free(&sealed);
    vault_free(&vault);
    return e;
}

static void a_malformed_vault_is_refused(void **state)
{
    /* Cut at any length, with a tail, with a space or a prime changed: opens as a token, not as a vault. */
    (void)state;
    struct span text = vectors_text(vectors_get(people_root, "vault"), "plaintext_text");
    assert_int_equal(open_text(text), ERR_OK);
    for (size_t n = 0; n < text.len; n += n % 100 < 3 || n > text.len - 60 ? 1 : 97)
        assert_int_equal(open_text(span_of(text.data, n)), ERR_MALFORMED);
    struct buf changed = people_copy(text);
    assert_int_equal(buf_append_str(&changed, "\n"), ERR_OK);
    assert_int_equal(open_text(buf_span(&changed)), ERR_MALFORMED);
    buf_truncate(&changed, text.len);
    static const size_t at[] = {0, 5, 6, 6 + 100, 6 + 256, 6 + 256 + 1 + 255, 6 + 256 + 1 + 256};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        uint8_t was = changed.data[at[i]];
        changed.data[at[i]] = was == 'A' ? 'B' : 'A';
        assert_int_equal(open_text(buf_span(&changed)), ERR_MALFORMED);
        changed.data[at[i]] = was;
    }
    buf_free(&changed);
}

static void primes_may_stand_in_either_order(void **state)
{
    /* q p instead of p q is the same vault. */
    (void)state;
    struct buf text =
        people_copy(vectors_text(vectors_get(people_root, "vault"), "plaintext_text"));
    uint8_t p[256];
    memcpy(p, text.data + 6, sizeof p);
    memcpy(text.data + 6, text.data + 6 + 257, sizeof p);
    memcpy(text.data + 6 + 257, p, sizeof p);
    assert_int_equal(open_text(buf_span(&text)), ERR_OK);
    buf_free(&text);
}

static void a_generated_vault_is_a_vault(void **state)
{
    /* Two different keys that make an identity, under which the vault opens again. */
    (void)state;
    struct vault vault, again;
    struct identity identity;
    struct buf text = BUF_INIT(IDENTITY_MAX), sealed = BUF_INIT(VAULT_TOKEN_MAX);
    assert_int_equal(vault_generate(&vault), ERR_OK);
    assert_int_equal(identity_make(&text, SPAN("carol"), vault.sign, vault.seal), ERR_OK);
    assert_int_equal(identity_parse(&identity, buf_span(&text)), ERR_OK);
    assert_int_equal(vault_seal(&sealed, &vault, vault_key, 1), ERR_OK);
    assert_int_equal(vault_open(&again, buf_span(&sealed), vault_key, &identity), ERR_OK);
    buf_free(&text);
    buf_free(&sealed);
    vault_free(&vault);
    vault_free(&again);
}

static void an_account_body_is_taken_as_made(void **state)
{
    /* Made, parsed; cut at every length, repeated or with a tail: refused. */
    (void)state;
    static const uint8_t salt[STRETCH_SALT_LEN] = "0123456789abcdef";
    struct buf text = BUF_INIT(20000);
    struct account_body body;
    assert_int_equal(account_body_make(&text, salt, alice.text, token), ERR_OK);
    assert_int_equal(account_body_parse(&body, buf_span(&text)), ERR_OK);
    assert_memory_equal(body.salt, salt, sizeof salt);
    assert_span_equal(buf_span(&body.identity), alice.text);
    assert_span_equal(body.vault, token);
    account_body_free(&body);
    for (size_t n = 0; n < text.len; n++) {
        assert_int_equal(account_body_parse(&body, span_of(text.data, n)), ERR_MALFORMED);
        assert_int_equal(body.identity.len, 0);
    }
    size_t len = text.len;
    assert_int_equal(buf_append_str(&text, "\n"), ERR_OK);
    assert_int_equal(account_body_parse(&body, buf_span(&text)), ERR_MALFORMED);
    buf_truncate(&text, len);
    assert_int_equal(account_body_make(&text, salt, alice.text, token), ERR_OK);
    assert_int_equal(account_body_parse(&body, buf_span(&text)), ERR_MALFORMED);
    account_body_free(NULL);
    buf_free(&text);
}

static void an_account_body_has_limits(void **state)
{
    /* An identity of 2048 bytes and a vault of 8192 are the largest; a vault that is no token isn't one. */
    (void)state;
    static const uint8_t salt[STRETCH_SALT_LEN];
    static uint8_t large[IDENTITY_MAX + 1];
    struct buf text = BUF_INIT(50000), vault = BUF_INIT(20000);
    struct account_body body;
    for (size_t n = IDENTITY_MAX; n <= IDENTITY_MAX + 1; n++) {
        buf_clear(&text);
        assert_int_equal(account_body_make(&text, salt, span_of(large, n), token), ERR_OK);
        assert_int_equal(account_body_parse(&body, buf_span(&text)),
                         n == IDENTITY_MAX ? ERR_OK : ERR_MALFORMED);
        account_body_free(&body);
    }
    static const size_t lens[] = {6064, 6080}; /* tokens of 8184 and 8212 characters */
    for (size_t i = 0; i < 2; i++) {
        static uint8_t plain[6080];
        buf_clear(&text);
        buf_clear(&vault);
        assert_int_equal(fernet_seal(&vault, vault_key, 1, span_of(plain, lens[i])), ERR_OK);
        assert_int_equal(vault.len <= VAULT_TOKEN_MAX, i == 0);
        assert_int_equal(account_body_make(&text, salt, alice.text, buf_span(&vault)), ERR_OK);
        assert_int_equal(account_body_parse(&body, buf_span(&text)),
                         i == 0 ? ERR_OK : ERR_MALFORMED);
        account_body_free(&body);
    }
    buf_clear(&text);
    assert_int_equal(account_body_make(&text, salt, alice.text, SPAN("no token")), ERR_OK);
    assert_int_equal(account_body_parse(&body, buf_span(&text)), ERR_MALFORMED);
    buf_free(&text);
    buf_free(&vault);
}

static void a_lock_body_is_taken_as_made(void **state)
{
    /* PASSWD's two lines, and LOGIN's one: as made; cut at every length and with a tail refused. */
    (void)state;
    static const uint8_t salt[STRETCH_SALT_LEN] = "0123456789abcdef";
    struct buf text = BUF_INIT(20000);
    uint8_t got[STRETCH_SALT_LEN];
    struct span vault;
    assert_int_equal(lock_body_make(&text, salt, token), ERR_OK);
    assert_int_equal(lock_body_parse(got, &vault, buf_span(&text)), ERR_OK);
    assert_memory_equal(got, salt, sizeof salt);
    assert_span_equal(vault, token);
    for (size_t n = 0; n < text.len; n++)
        assert_int_equal(lock_body_parse(got, &vault, span_of(text.data, n)), ERR_MALFORMED);
    const size_t first = 6 + 24 + 1;
    struct span line = span_of(text.data + first, text.len - first);
    assert_int_equal(vault_line_parse(&vault, line), ERR_OK);
    assert_span_equal(vault, token);
    assert_int_equal(vault_line_parse(&vault, span_of(line.data, line.len - 1)), ERR_MALFORMED);
    assert_int_equal(buf_append_str(&text, "x"), ERR_OK);
    assert_int_equal(lock_body_parse(got, &vault, buf_span(&text)), ERR_MALFORMED);
    line.len++;
    line.data = text.data + first;
    assert_int_equal(vault_line_parse(&vault, line), ERR_MALFORMED);
    buf_free(&text);
}

static void login_proofs(void **state)
{
    /* The vectors' verifies; for another user, connection, vault or key it doesn't; a made one does. */
    (void)state;
    json_t *v = vectors_get(people_root, "login_proof");
    uint8_t transcript[HASH_LEN], signature[RSA_LEN];
    struct span user = vectors_text(v, "user"), vault = vectors_text(v, "vault_token_text");
    const uint8_t *key = alice.identity.sign;
    vectors_bytes(transcript, sizeof transcript, v, "transcript");
    vectors_bytes(signature, sizeof signature, v, "signature");
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_OK);
    assert_int_equal(login_proof_verify(key, signature, SPAN("alicf"), transcript, vault),
                     ERR_FORGED);
    assert_int_equal(login_proof_verify(key, signature, user, transcript, SPAN("other")),
                     ERR_FORGED);
    assert_int_equal(login_proof_verify(bob.identity.sign, signature, user, transcript, vault),
                     ERR_FORGED);
    transcript[0] ^= 1;
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_FORGED);
    assert_int_equal(login_proof_sign(signature, alice.sign, user, transcript, vault), ERR_OK);
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_OK);
}

static void a_number_beyond_the_modulus_is_no_login_proof(void **state)
{
    /* Though another is verified in its place, for the time's sake, and that one may be a signature. */
    (void)state;
    uint8_t transcript[HASH_LEN] = {0}, signature[RSA_LEN];
    const uint8_t *key = alice.identity.sign;
    struct span user = SPAN("alice"), vault = SPAN("vault");
    do
        assert_int_equal(login_proof_sign(signature, alice.sign, user, transcript, vault), ERR_OK);
    while (signature[0] >= 0x80 || (signature[0] | 0x80) <= key[0]);
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_OK);
    signature[0] |= 0x80;
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_FORGED);
    memset(signature, 0xff, sizeof signature);
    assert_int_equal(login_proof_verify(key, signature, user, transcript, vault), ERR_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_vault_opens),
        cmocka_unit_test(another_key_or_identity_does_not_open),
        cmocka_unit_test(a_malformed_vault_is_refused),
        cmocka_unit_test(primes_may_stand_in_either_order),
        cmocka_unit_test(a_generated_vault_is_a_vault),
        cmocka_unit_test(an_account_body_is_taken_as_made),
        cmocka_unit_test(an_account_body_has_limits),
        cmocka_unit_test(a_lock_body_is_taken_as_made),
        cmocka_unit_test(login_proofs),
        cmocka_unit_test(a_number_beyond_the_modulus_is_no_login_proof),
    };
    return cmocka_run_group_tests(tests, start, people_end);
}
